import { json } from "../http/answer.ts";
import { DUPLICATES_KNOWN_MS } from "../inbox/retention.ts";
import { rfc3339 } from "../lib/time.ts";
import type { PurgeFilter } from "../store/store.ts";
import { bodyAs, type Handler, principalOf } from "./context.ts";
import { onlyKeys, timeOf } from "./filters.ts";
import type { ApiParts } from "./parts.ts";
import { byWhom } from "./replay.ts";

/** Events of one transaction. */
const STEP = 200;
/** Events of one request. Whoever has more asks again. */
const MOST = 20_000;
const PATIENCE_S = 240;

type Purge = (filter: PurgeFilter, limit: number) => Promise<number>;

/**
 * POST /api/events/purge: bytes, headers and search text of ended events go; of those older than 7 days everything.
 * `purged`: events that lost their bytes; `removed`: events that are gone altogether; `more`: there were too many for once.
 */
export function purgeEvents(parts: Pick<ApiParts, "store" | "clock" | "log" | "closing">): Handler {
  const { store, clock, log, closing } = parts;
  return async (context) => {
    const wanted = await bodyAs(context, "purge_request");
    onlyKeys(wanted, ["before", "state", "source"]);
    const { state, source } = wanted;
    const now = clock.now();
    const before = timeOf("before", wanted.before, now);
    const filter = { before, ...(state === undefined ? {} : { state }), ...(source === undefined ? {} : { source }) };
    const rows = { ...filter, before: Math.min(before, now - DUPLICATES_KNOWN_MS) };
    context.hold(PATIENCE_S);
    let purged = 0;
    let removed = 0;
    const room = () => !closing.aborted && purged + removed < MOST;
    const walk = async (purge: Purge, filter: PurgeFilter, count: (n: number) => void): Promise<boolean> => {
      for (let n = 1; n > 0; count(n)) {
        if (!room()) return false;
        n = await purge(filter, STEP);
      }
      return true;
    };
    try {
      const whole =
        (await walk(
          (...args) => store.events.purgeBodies(...args),
          filter,
          (n) => (purged += n),
        )) &&
        (await walk(
          (...args) => store.events.purge(...args),
          rows,
          (n) => (removed += n),
        ));
      return json({ purged, removed, ...(whole ? {} : { more: true }) });
    } finally {
      const by = byWhom(principalOf(context));
      log.info("Events were purged", { purged, removed, before: rfc3339(before), state, source, by });
    }
  };
}
