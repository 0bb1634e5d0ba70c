import type { ReplayFilter } from "../store.ts";
import type { Connection } from "./database.ts";
import { record } from "./event-end.ts";
import { firstIdSince, sourcesOfEnded } from "./event-walk.ts";
import { dueWhenPutBack, EVENTS, promote, REPLIES } from "./queue.ts";

// What is before the first body was purged. One bound made of two: SQLite begins its walk at one of several only.
const UNPURGED_AFTER_ID = `
  e.id >= max((SELECT min(id) FROM event_bodies),
              (SELECT id FROM events WHERE event_id >= ? ORDER BY event_id LIMIT 1))`;

/** An answer that is being sent has to come to its end first: it and the next one would both arrive. Its parameter is the event's `id`. */
const SENDING = "EXISTS (SELECT 1 FROM replies p WHERE p.event = ? AND p.state = 'sending')";

const SUPERSEDED = "Superseded: the event was replayed";

/** What a replay must know of an event. */
export interface Replayable {
  readonly id: number;
  readonly session_id: string;
  readonly attempts: number;
}

/** Takes one event up again. Part of a unit of work. */
export function replayEvent(
  db: Connection,
  event_id: string,
  at: number,
  by: string,
): "replayed" | "pending" | "gone" | "unknown" {
  const event = db.get<Replayable & { readonly state: string; readonly purged: number }>(
    "SELECT id, session_id, attempts, state, purged FROM events WHERE event_id = ?",
    event_id,
  );
  if (event === null) return "unknown";
  if (event.state === "received" || event.state === "running") return "pending";
  if (event.purged === 1) return "gone";
  if (isAnswering(db, event.id)) return "pending";
  takeUpAgain(db, event, at, by);
  return "replayed";
}

/** Takes up again what the filter finds, at most `limit` events. Part of a unit of work. */
export function replayEvents(
  db: Connection,
  filter: ReplayFilter,
  limit: number,
  at: number,
  by: string,
): readonly string[] {
  // A session's events are worked off in the order of their numbers, so no source may get ahead of another here.
  const found = branches(db, filter)
    .flatMap((branch) => candidates(db, branch, filter, limit, at))
    .sort((a, b) => a.id - b.id)
    .slice(0, limit);
  for (const event of found) takeUpAgain(db, event, at, by);
  return found.map(({ event_id }) => event_id);
}

/** Whether an answer of an event is being sent. */
export function isAnswering(db: Connection, event: number): boolean {
  return db.get(`SELECT 1 WHERE ${SENDING}`, event) !== null;
}

/**
 * Makes an event received as if it had just come, at the place in its session that it always had: only what came before it goes
 * before it. Its answers that were still to be sent are not, for there will be others. Part of a unit of work.
 */
export function takeUpAgain(db: Connection, event: Replayable, at: number, by: string): void {
  const due_at = dueWhenPutBack(db, EVENTS, event.id, event.session_id);
  db.run(
    `UPDATE events SET state = 'received', attempts_before = attempts, error = NULL, updated_at = ?2, due_at = ?3, hold_until = NULL
     WHERE id = ?1`,
    event.id,
    at,
    due_at,
  );
  record(db, event, at, "replayed", by);
  supersede(db, event.id, at);
}

function supersede(db: Connection, event: number, at: number): void {
  const replies = db.all<{ session_id: string }>(
    `UPDATE replies SET state = 'dead', detail = ?3, updated_at = ?2, content = NULL, due_at = NULL, hold_until = NULL
     WHERE event = ?1 AND state IN ('pending', 'retrying') RETURNING session_id`,
    event,
    at,
    SUPERSEDED,
  );
  for (const { session_id } of replies) promote(db, REPLIES, session_id);
}

/** Which part of an index to walk, oldest first. */
interface Branch {
  readonly from: string;
  readonly params: readonly (string | number)[];
}

function branches(db: Connection, { state, source }: ReplayFilter): readonly Branch[] {
  if (state === "dead") {
    const from = "events e INDEXED BY events_dead WHERE e.state = 'dead'";
    return source === undefined ? [{ from, params: [] }] : [{ from: `${from} AND e.source = ?`, params: [source] }];
  }
  const sources = source === undefined ? sourcesOfEnded(db) : [source];
  return sources.map((name) => ({
    from: `events e INDEXED BY events_ended
           WHERE e.state IN ('done', 'dead') AND e.state = 'done' AND e.source = ?`,
    params: [name],
  }));
}

function candidates(db: Connection, { from, params }: Branch, filter: ReplayFilter, limit: number, at: number) {
  const since = filter.since ?? Number.MIN_SAFE_INTEGER;
  return db.all<Replayable & { readonly event_id: string }>(
    // An event keeps the time it came. That this replay took it up already is told by its log; what the log has from later than now
    // was written before the clock was set back.
    `SELECT e.id, e.event_id, e.session_id, e.attempts FROM ${from}
     AND e.purged = 0 AND e.received_at >= ? AND e.received_at <= ? AND ${UNPURGED_AFTER_ID}
     AND NOT EXISTS (
       SELECT 1 FROM event_attempts a WHERE a.event = e.id AND a.outcome = 'replayed' AND a.at >= ? AND a.at <= ?)
     AND NOT ${SENDING.replace("?", "e.id")}
     ORDER BY e.id LIMIT ?`,
    ...params,
    since,
    filter.until,
    firstIdSince(since),
    filter.until,
    Math.max(at, filter.until),
    limit,
  );
}
