import { json } from "../http/answer.ts";
import type { Handler } from "./context.ts";
import type { ApiParts } from "./parts.ts";

/** GET /api/status: a little for anyone, all of it with a token that may send messages. */
export function status({ status }: Pick<ApiParts, "status">): Handler {
  return async ({ principal }) => {
    const all = await status();
    if (principal && principal.scope !== "ingest") return json(all);
    const { status: state, version, uptime_seconds, paired } = all;
    return json({ status: state, version, uptime_seconds, paired });
  };
}
