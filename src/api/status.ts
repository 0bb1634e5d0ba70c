import { json } from "../http/answer.ts";
import type { Handler } from "./context.ts";
import type { ApiParts } from "./parts.ts";

/** GET /api/status: a little for anyone, more with a token that may send messages. Why the agent failed may be about others. */
export function status({ status }: Pick<ApiParts, "status">): Handler {
  return async ({ principal }) => {
    const all = await status();
    if (principal?.scope === "owner") return json(all);
    const { trouble: _, ...agent } = all.agent;
    if (principal?.scope === "chat") return json({ ...all, agent });
    const { status: state, version, uptime_seconds, paired } = all;
    return json({ status: state, version, uptime_seconds, paired });
  };
}
