import type { PurgeFilter } from "../store.ts";
import type { Connection } from "./database.ts";
import { sourcesOfEnded } from "./event-walk.ts";

// An event whose answer is still on its way is not finished.
const SETTLED = `
  NOT EXISTS (SELECT 1 FROM replies p WHERE p.event = e.id AND p.state IN ('pending', 'sending', 'retrying'))`;

/** Events of one transaction, at most: taking two texts out of the search indexes takes 0.4 ms for each of them. */
const MOST = 50;

const LISTED = "IN (SELECT value FROM json_each(?))";

/** Deletes what was received of up to `limit` ended events, and what was said about it. The rows stay. Part of a unit of work. */
export function purgeBodies(db: Connection, filter: PurgeFilter, limit: number): number {
  const ids = oldest(db, filter, limit, [0]);
  if (ids.length === 0) return 0;
  const list = JSON.stringify(ids);
  purgeRuns(db, list);
  db.run(`DELETE FROM event_bodies WHERE id ${LISTED}`, list);
  db.run(`DELETE FROM event_search WHERE rowid ${LISTED}`, list);
  db.run(`UPDATE events SET purged = 1 WHERE id ${LISTED}`, list);
  return ids.length;
}

/** Deletes up to `limit` ended events. Bodies, attempts and replies go with them by their foreign keys. Part of a unit of work. */
export function purgeEvents(db: Connection, filter: PurgeFilter, limit: number): number {
  const ids = oldest(db, filter, limit, [0, 1]);
  if (ids.length === 0) return 0;
  const list = JSON.stringify(ids);
  purgeRuns(db, list);
  db.run(`DELETE FROM event_search WHERE rowid ${LISTED}`, list);
  db.run(`DELETE FROM events WHERE id ${LISTED}`, list);
  return ids.length;
}

/**
 * A run that an event caused holds the event's words in its question and its answer. What a device asked by itself is that device's
 * history and stays. The sessions stay too: their frames must never be numbered anew.
 */
function purgeRuns(db: Connection, events: string): void {
  const runs = db.all<{ id: number; session_id: string }>(
    `DELETE FROM runs
     WHERE event_id IN (SELECT event_id FROM events WHERE id ${LISTED}) AND reach = 'channel' AND ended_at IS NOT NULL
     RETURNING id, session_id`,
    events,
  );
  if (runs.length === 0) return;
  db.run(`DELETE FROM run_search WHERE rowid ${LISTED}`, JSON.stringify(runs.map(({ id }) => id)));
  const oldest = new Map<string, number>();
  for (const { id, session_id } of runs) oldest.set(session_id, Math.min(id, oldest.get(session_id) ?? id));
  for (const [session_id, id] of oldest) db.run(FORGET_TITLE, session_id, id);
}

// A title is the beginning of the session's first run. A device's session keeps it while a run is there that is older than those deleted.
const FORGET_TITLE = `
  UPDATE sessions SET title = session_id
  WHERE session_id = ?1 AND title NOT IN (session_id, '')
  AND (device_id IS NULL OR NOT EXISTS (SELECT 1 FROM runs r WHERE r.session_id = ?1 AND r.id < ?2))`;

interface Old {
  readonly id: number;
  readonly updated_at: number;
}

/** Walks `events_old`, each of its parts by itself, and takes the oldest of what was found. */
function oldest(db: Connection, filter: PurgeFilter, limit: number, purged: readonly (0 | 1)[]): readonly number[] {
  const room = Math.min(limit, MOST);
  const states = filter.state === undefined ? ["done", "dead"] : [filter.state];
  const sources = filter.source === undefined ? sourcesOfEnded(db) : [filter.source];
  const found: Old[] = [];
  for (const state of states) {
    for (const source of sources) {
      for (const flag of purged) {
        found.push(
          ...db.all<Old>(
            `SELECT e.id, e.updated_at FROM events e INDEXED BY events_old
             WHERE e.state IN ('done', 'dead') AND e.state = ? AND e.source = ? AND e.purged = ? AND e.updated_at < ?
             AND ${SETTLED} ORDER BY e.updated_at, e.id LIMIT ?`,
            state,
            source,
            flag,
            filter.before,
            room,
          ),
        );
      }
    }
  }
  return found
    .sort((a, b) => a.updated_at - b.updated_at || a.id - b.id)
    .slice(0, room)
    .map(({ id }) => id);
}
