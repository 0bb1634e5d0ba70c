import { json } from "../http/answer.ts";
import { REFUSAL_REASONS } from "../protocol/refusal.ts";
import { refusalRow } from "../protocol/rows.ts";
import type { RefusalFilter } from "../store/store.ts";
import { type Context, type Handler, queryNumber } from "./context.ts";
import { timeOf, wordOf } from "./filters.ts";
import type { ApiParts } from "./parts.ts";

interface RefusalParts extends Pick<ApiParts, "store" | "clock"> {
  readonly refusals: Pick<ApiParts["refusals"], "flush">;
}

/** GET /api/refusals: deliveries that were not taken, newest first, with what was found and what to do about it. */
export function listRefusals({ store, refusals, clock }: RefusalParts): Handler {
  return async (context) => {
    const filter = filterOf(context, clock.now());
    await refusals.flush(); // they are written once a second, and whoever looks wants to see the one just now
    const page = await store.refusals.list(filter);
    return json({ refusals: page.items.map(refusalRow), next: page.next });
  };
}

function filterOf(context: Context, now: number): RefusalFilter {
  const [source, reason, request_id, since, after] = ["source", "reason", "request_id", "since", "after"].map((name) =>
    context.query(name),
  );
  return {
    limit: queryNumber(context, "limit", 50, 1, 200),
    ...(source ? { source } : {}),
    ...(reason ? { reason: wordOf("reason", reason, REFUSAL_REASONS) } : {}),
    ...(request_id ? { request_id } : {}),
    ...(since ? { since: timeOf("since", since, now) } : {}),
    ...(after ? { after } : {}),
  };
}
