import type { Connection } from "./database.ts";

/** What is to be tried again keeps later rows of its session waiting for this long after its first failure (contract §5). */
export const HOLD_MS = 60_000;

/** A failure that lies further ahead of now than this was told by a clock that has been set back since. */
const AHEAD_MS = 5_000;

/** Rows that one transaction re-bases, so that no other write waits long for it. */
export const REBASE_STEP = 500;

/**
 * A table whose rows are worked off in the order they came, of each session one at a time. `waiting` and `working` are its names
 * for those two states; the third is `retrying` in both, and the columns `due_at` and `hold_until` are the same.
 */
export interface Queue {
  readonly table: "events" | "replies";
  readonly waiting: "received" | "pending";
  readonly working: "running" | "sending";
}

export const EVENTS: Queue = { table: "events", waiting: "received", working: "running" };
export const REPLIES: Queue = { table: "replies", waiting: "pending", working: "sending" };

// A row `e` may be taken when its session has none in work, and no older one of its session waits: one that was not taken yet, or
// one that is to be tried again and is due by now or still holds the session. (Of two that are due the older one goes first, so
// this picks one a session at most.)
const free = ({ table, waiting, working }: Queue) => `
  NOT EXISTS (SELECT 1 FROM ${table} o WHERE o.session_id = e.session_id AND o.state = '${working}')
  AND NOT EXISTS (SELECT 1 FROM ${table} o WHERE o.session_id = e.session_id AND o.state = '${waiting}' AND o.id < e.id)
  AND NOT EXISTS (
    SELECT 1 FROM ${table} o WHERE o.session_id = e.session_id AND o.state = 'retrying' AND o.id < e.id
    AND (o.due_at <= ?1 OR o.hold_until > ?1))`;

// The limit is part of the text: SQLite prepares a statement with `LIMIT ?` and ORDER BY anew each time it is run.
// `one`: of a single source, the second parameter.
const claimSql = (queue: Queue, limit: number, one: string) => `
  UPDATE ${queue.table}
  SET state = '${queue.working}', attempts = attempts + 1, updated_at = ?1, due_at = NULL, hold_until = NULL
  WHERE id IN (
    SELECT id FROM (
      SELECT * FROM (
        SELECT e.id FROM ${queue.table} e WHERE e.due_at = 0 ${one} AND ${free(queue)} ORDER BY e.id LIMIT ${limit})
      UNION ALL
      SELECT * FROM (
        SELECT e.id FROM ${queue.table} e WHERE e.due_at > 0 AND e.due_at <= ?1 ${one} AND ${free(queue)}
        ORDER BY e.due_at LIMIT ${limit}))
    ORDER BY id LIMIT ${limit})
  RETURNING id, session_id`;

/**
 * What `due_at` of a row that is being added becomes: nothing when another one of the session (named by the parameter `session`)
 * came before it and still waits. Holds are left to `free`: a max() here would have SQLite prepare the statement anew each time it
 * is run, and that would double the cost of accepting an event.
 */
export const dueWhenAdded = ({ table, waiting }: Queue, session: `?${number}`) => `
  CASE WHEN EXISTS (SELECT 1 FROM ${table} WHERE session_id = ${session} AND state = '${waiting}') THEN NULL ELSE 0 END`;

/** Marks up to `limit` rows, of one source if it is named, as in work and returns their `id`, oldest first. Part of a unit of work. */
export function claimDue(db: Connection, queue: Queue, limit: number, now: number, source?: string): readonly number[] {
  const sql = claimSql(queue, Math.max(0, Math.trunc(limit)), source === undefined ? "" : "AND e.source = ?2");
  const taken = db.all<{ id: number; session_id: string }>(sql, now, ...(source === undefined ? [] : [source]));
  for (const { session_id } of taken) promote(db, queue, session_id);
  return taken.map(({ id }) => id).sort((a, b) => a - b);
}

/**
 * Gives the first waiting row of a session its place among those that may be taken: after the hold of older ones that are to be
 * tried again, if there are any, so that looking for work does not pass it by every time. Due whenever a row of the session was
 * taken or is to be tried again. Part of a unit of work.
 */
export function promote(db: Connection, queue: Queue, session_id: string): void {
  const first = firstWaiting(db, queue, session_id);
  if (first === null) return;
  const held = db.get<{ until: number | null }>(
    `SELECT max(hold_until) AS until FROM ${queue.table} WHERE session_id = ? AND state = 'retrying' AND id < ?`,
    session_id,
    first,
  );
  db.run(`UPDATE ${queue.table} SET due_at = ? WHERE id = ?`, held?.until ?? 0, first);
}

/**
 * Makes room for a row that is put back among the waiting ones, at the place of its number. Returns its `due_at`. Part of a unit
 * of work.
 */
export function dueWhenPutBack(db: Connection, queue: Queue, id: number, session_id: string): 0 | null {
  const first = firstWaiting(db, queue, session_id);
  if (first !== null && first < id) return null;
  // A session has one place among those that may be taken, or looking for work would walk past all that were put back.
  if (first !== null) db.run(`UPDATE ${queue.table} SET due_at = NULL WHERE id = ?`, first);
  return 0;
}

function firstWaiting(db: Connection, { table, waiting }: Queue, session_id: string): number | null {
  const sql = `SELECT min(id) AS id FROM ${table} WHERE session_id = ? AND state = '${waiting}'`;
  return db.get<{ id: number | null }>(sql, session_id)?.id ?? null;
}

/** `due_at` of a row that is to be tried again. */
export function dueWhenRetried(next_at: number): number {
  return Math.max(Math.ceil(next_at), 1); // jitter has fractions, and 0 means a first attempt
}

/**
 * After the clock was set back: what was to be tried again some time after its failure is due as long after now, and nothing is held
 * for more than `HOLD_MS`. Changes at most `REBASE_STEP` rows of each kind and returns how many. Part of a unit of work.
 */
export function rebaseWaiting(db: Connection, queue: Queue, now: number): number {
  const { table, waiting } = queue;
  const failed = db.all<{ session_id: string }>(
    `UPDATE ${table} SET due_at = ?1 + max(due_at - updated_at, 0), hold_until = ?1 + min(hold_until - updated_at, ${HOLD_MS}),
       updated_at = ?1
     WHERE id IN (
       SELECT id FROM ${table} INDEXED BY ${table}_failed WHERE state = 'retrying' AND updated_at > ?1 + ${AHEAD_MS}
       ORDER BY updated_at LIMIT ${REBASE_STEP})
     RETURNING session_id`,
    now,
  );
  for (const session_id of new Set(failed.map((row) => row.session_id))) promote(db, queue, session_id);
  const held = db.run(
    `UPDATE ${table} SET due_at = ?1 + ${HOLD_MS}
     WHERE id IN (
       SELECT id FROM ${table} INDEXED BY ${table}_held WHERE state = '${waiting}' AND due_at > 0
       AND due_at > ?1 + ${HOLD_MS + AHEAD_MS}
       LIMIT ${REBASE_STEP})`,
    now,
  );
  return failed.length + held.changes;
}
