import { json } from "../http/answer.ts";
import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import { eventRow } from "../protocol/rows.ts";
import type { ReplayFilter } from "../store/store.ts";
import { bodyAs, type Handler, notFound, principalOf } from "./context.ts";
import { onlyKeys, timeOf } from "./filters.ts";
import type { ApiParts } from "./parts.ts";

export type ReplayParts = Pick<ApiParts, "store" | "clock" | "log" | "inbox" | "feed" | "closing">;

/** Events of one transaction: it holds the writer for a few milliseconds. */
const STEP = 200;
/** Events of one request. Whoever has more asks again. */
const MOST = 100_000;
/** How long a request for many may take without a word. */
const PATIENCE_S = 240;

/** POST /api/events/{id}/replay: the event is taken up again as if it had just come. */
export function replayEvent({ store, clock, log, inbox, feed }: ReplayParts): Handler {
  return async (context) => {
    const event_id = context.params["id"] ?? "";
    const by = byWhom(principalOf(context));
    const outcome = await store.events.replay(event_id, clock.now(), by);
    if (outcome === "unknown") throw notFound("Cannot replay the event.");
    if (outcome === "pending") throw new Problem("event_pending", { detail: PENDING });
    if (outcome === "gone") throw new Problem("event_purged", { detail: GONE });
    log.info("An event is replayed", { event_id, by });
    const [event] = (await store.events.list({ id: event_id, limit: 1 })).items;
    if (event) feed.emit("event", eventRow(event));
    inbox.accepted();
    return json({ status: "replaying", event_id }, 202);
  };
}

/** POST /api/events/replay: all that are dead, or done, of a source or since a time. `more`: there were too many for once. */
export function replayEvents(parts: ReplayParts): Handler {
  return async (context) => {
    const wanted = await bodyAs(context, "replay_request");
    onlyKeys(wanted, ["state", "source", "since"]);
    const { state, source, since } = wanted;
    const now = parts.clock.now();
    const filter = {
      state,
      until: now,
      ...(source === undefined ? {} : { source }),
      ...(since === undefined ? {} : { since: timeOf("since", since, now) }),
    };
    context.hold(PATIENCE_S);
    const { events, more } = await replayAll(parts, filter, byWhom(principalOf(context)));
    return json({ status: "replaying", events, ...(more ? { more } : {}) }, 202);
  };
}

const PENDING =
  "The event is received or running, or its answer is being sent, so it is worked on without being replayed. See how it goes first.";
const GONE =
  "The event's headers and body were deleted (store.retention_days, or a purge), so there is nothing to replay. Have its sender send it again.";

async function replayAll(
  { store, clock, log, inbox, closing }: ReplayParts,
  filter: ReplayFilter,
  by: string,
): Promise<{ readonly events: number; readonly more: boolean }> {
  let events = 0;
  try {
    while (events < MOST && !closing.aborted) {
      // Never before `until`, by which the store knows what this walk has been at: the worker works meanwhile, and an
      // event that has died again is not to be met again.
      const at = Math.max(filter.until, clock.now());
      const ids = await store.events.replayAll(filter, Math.min(STEP, MOST - events), at, by);
      if (ids.length === 0) return { events, more: false };
      events += ids.length;
    }
    return { events, more: true };
  } finally {
    const { state, source } = filter;
    if (events > 0) {
      log.info("Events are replayed", { events, state, source, by });
      inbox.accepted();
    }
  }
}

/** Who did it, for the log and the attempts of an event. */
export function byWhom({ name, local }: Principal): string {
  return local ? "from the command line" : `by ${name}`;
}
