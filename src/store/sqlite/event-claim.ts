import type { Connection } from "./database.ts";

/** A retrying event keeps later ones of its session waiting for this long after its failure (contract §5). */
export const HOLD_MS = 60_000;

// An event `e` may be taken when its session runs none, and no older one of its session waits: one that was received, or one that
// is to be tried again and is due by now or still holds the session. (Of two that are due the older one goes first, so this picks
// one a session at most.)
const FREE = `
  NOT EXISTS (SELECT 1 FROM events o WHERE o.session_id = e.session_id AND o.state = 'running')
  AND NOT EXISTS (SELECT 1 FROM events o WHERE o.session_id = e.session_id AND o.state = 'received' AND o.id < e.id)
  AND NOT EXISTS (
    SELECT 1 FROM events o WHERE o.session_id = e.session_id AND o.state = 'retrying' AND o.id < e.id
    AND (o.due_at <= ?1 OR o.hold_until > ?1))`;

// The limit is part of the text: SQLite prepares a statement with `LIMIT ?` and ORDER BY anew each time it is run.
const claimSql = (limit: number) => `
  UPDATE events
  SET state = 'running', attempts = attempts + 1, updated_at = ?1, due_at = NULL, hold_until = NULL
  WHERE id IN (
    SELECT id FROM (
      SELECT * FROM (SELECT e.id FROM events e WHERE e.due_at = 0 AND ${FREE} ORDER BY e.id LIMIT ${limit})
      UNION ALL
      SELECT * FROM (
        SELECT e.id FROM events e WHERE e.due_at > 0 AND e.due_at <= ?1 AND ${FREE} ORDER BY e.due_at LIMIT ${limit}))
    ORDER BY id LIMIT ${limit})
  RETURNING id, session_id`;

/**
 * What `due_at` of an event that is being accepted (parameter ?5 its session) becomes: nothing when another one of the session
 * was received before it and still waits. Holds are left to `FREE`: a max() here would have SQLite prepare the statement anew each
 * time it is run, and that would double the cost of accepting an event.
 */
export const DUE_ON_ACCEPT = `
  CASE WHEN EXISTS (SELECT 1 FROM events WHERE session_id = ?5 AND state = 'received') THEN NULL ELSE 0 END`;

/** Marks up to `limit` events running and returns their ids, oldest first. Part of a unit of work. */
export function claimDue(db: Connection, limit: number, now: number): readonly number[] {
  const taken = db.all<{ id: number; session_id: string }>(claimSql(Math.max(0, Math.trunc(limit))), now);
  for (const { session_id } of taken) promote(db, session_id);
  return taken.map(({ id }) => id).sort((a, b) => a - b);
}

/**
 * Gives the first received event of a session its place among those that may be taken: after the hold of those that are to be
 * tried again, if there are any, so that looking for work does not pass it by every time. Due whenever an event of the session
 * was taken or is to be tried again. Part of a unit of work.
 */
export function promote(db: Connection, session_id: string): void {
  const first = db.get<{ id: number | null }>(
    "SELECT min(id) AS id FROM events WHERE session_id = ? AND state = 'received'",
    session_id,
  );
  if (first === null || first.id === null) return;
  const held = db.get<{ until: number | null }>(
    "SELECT max(hold_until) AS until FROM events WHERE session_id = ? AND state = 'retrying'",
    session_id,
  );
  db.run("UPDATE events SET due_at = ? WHERE id = ?", held?.until ?? 0, first.id);
}
