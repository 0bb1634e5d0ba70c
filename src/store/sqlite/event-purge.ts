import type { PurgeFilter } from "../store.ts";
import type { Connection } from "./database.ts";
import { sourcesOfEnded } from "./event-walk.ts";

// An event whose answer is still on its way is not finished.
const SETTLED = `
  NOT EXISTS (SELECT 1 FROM replies p WHERE p.event = e.id AND p.state IN ('pending', 'sending', 'retrying'))`;

const LISTED = "IN (SELECT value FROM json_each(?))";

/** Deletes what was received of up to `limit` ended events. The rows stay. Part of a unit of work. */
export function purgeBodies(db: Connection, filter: PurgeFilter, limit: number): number {
  const ids = oldest(db, filter, limit, [0]);
  if (ids.length === 0) return 0;
  const list = JSON.stringify(ids);
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
  db.run(`DELETE FROM event_search WHERE rowid ${LISTED}`, list);
  db.run(`DELETE FROM events WHERE id ${LISTED}`, list);
  return ids.length;
}

interface Old {
  readonly id: number;
  readonly updated_at: number;
}

/** Walks `events_old`, each of its parts by itself, and takes the oldest of what was found. */
function oldest(db: Connection, filter: PurgeFilter, limit: number, purged: readonly (0 | 1)[]): readonly number[] {
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
            limit,
          ),
        );
      }
    }
  }
  return found
    .sort((a, b) => a.updated_at - b.updated_at || a.id - b.id)
    .slice(0, limit)
    .map(({ id }) => id);
}
