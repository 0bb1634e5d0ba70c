import type { Connection } from "./database.ts";

/** Ids are made at most this long before or after `received_at` is taken. */
const ID_SLACK_MS = 60_000;

/**
 * The ids carry their time, so the index of the ids tells where older events begin, and a walk in the order of the numbers begins or
 * ends there. A condition of events `e`; its parameter is what `firstIdSince` gives.
 */
export const AFTER_ID = "e.id >= (SELECT id FROM events WHERE event_id >= ? ORDER BY event_id LIMIT 1)";

/** The same where newer events begin; its parameter is what `firstIdPast` gives. */
export const BEFORE_ID = `
  e.id < coalesce((SELECT id FROM events WHERE event_id >= ? ORDER BY event_id LIMIT 1), ${Number.MAX_SAFE_INTEGER})`;

/** No event that was received at `since` or later has a lower id. */
export function firstIdSince(since: number): string {
  return lowestId(since - ID_SLACK_MS);
}

/** No event that was received at `until` or earlier has this id or a higher one. */
export function firstIdPast(until: number): string {
  return lowestId(until + ID_SLACK_MS + 1);
}

/** The lowest UUIDv7 of a millisecond, without its tail (RFC 9562 §5.7). */
function lowestId(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

// Each step looks up the next name in the index: DISTINCT would read an entry for every event.
const SOURCES = `
  WITH RECURSIVE step (source) AS (
    SELECT min(source) FROM events WHERE state IN ('done', 'dead')
    UNION ALL
    SELECT (SELECT min(e.source) FROM events e WHERE e.state IN ('done', 'dead') AND e.source > step.source)
    FROM step WHERE step.source IS NOT NULL)
  SELECT source FROM step WHERE source IS NOT NULL`;

/** The sources that have ended events. */
export function sourcesOfEnded(db: Connection): readonly string[] {
  return db.all<{ source: string }>(SOURCES).map(({ source }) => source);
}

/** When each source's latest event came. Reads one row of each source and every event that is not finished. */
export function latestOfSources(db: Connection): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const source of sourcesOfEnded(db)) {
    const row = db.get<{ at: number }>(
      `SELECT received_at AS at FROM events INDEXED BY events_ended
       WHERE state IN ('done', 'dead') AND source = ? ORDER BY id DESC LIMIT 1`,
      source,
    );
    if (row !== null) latest.set(source, row.at);
  }
  for (const state of ["received", "running", "retrying"]) {
    const rows = db.all<{ source: string; at: number }>(
      `SELECT source, max(received_at) AS at FROM events INDEXED BY events_${state} WHERE state = '${state}' GROUP BY source`,
    );
    for (const { source, at } of rows) latest.set(source, Math.max(at, latest.get(source) ?? at));
  }
  return latest;
}
