import type { EventAttempt } from "../../protocol/event.ts";
import type { EventFailure } from "../store.ts";
import type { Connection } from "./database.ts";
import { dueWhenRetried, EVENTS, HOLD_MS, promote } from "./queue.ts";
import { bodyText, searchable } from "./search-text.ts";

interface Ended {
  readonly id: number;
  readonly session_id: string;
  readonly attempts: number;
}

/**
 * Marks a running event done; `detail` goes into the attempts log. False when it was not running, or not that attempt (null:
 * whichever). Part of a unit of work.
 */
export function endEvent(
  db: Connection,
  event_id: string,
  attempt: number | null,
  at: number,
  detail: string,
): boolean {
  const event = db.get<Ended>(
    `UPDATE events SET state = 'done', error = NULL, updated_at = ?3
     WHERE event_id = ?1 AND state = 'running' AND attempts = coalesce(?2, attempts)
     RETURNING id, session_id, attempts`,
    event_id,
    attempt,
    at,
  );
  if (event === null) return false;
  record(db, event, at, "done", detail);
  makeSearchable(db, event.id);
  return true;
}

/**
 * When an event first failed since it came or was replayed: from then on it holds others up for a minute, however often it is tried.
 * Where the clock was set back since, that is now.
 */
const FIRST_FAILURE = `(
  SELECT min(at) FROM event_attempts WHERE event = events.id AND number > attempts_before AND outcome = 'failed')`;

/**
 * Marks a running event dead or to be tried again. False when it was not running, or not that attempt (null: whichever).
 * Part of a unit of work.
 */
export function failEvent(db: Connection, event_id: string, attempt: number | null, failure: EventFailure): boolean {
  const { at, error, next_at } = failure;
  const event =
    next_at === null
      ? db.get<Ended>(
          `UPDATE events SET state = 'dead', error = ?3, updated_at = ?4
           WHERE event_id = ?1 AND state = 'running' AND attempts = coalesce(?2, attempts)
           RETURNING id, session_id, attempts`,
          event_id,
          attempt,
          error,
          at,
        )
      : db.get<Ended>(
          `UPDATE events SET state = 'retrying', error = ?3, updated_at = ?4, due_at = ?5, hold_until = ?6 + min(?4, coalesce(${FIRST_FAILURE}, ?4))
           WHERE event_id = ?1 AND state = 'running' AND attempts = coalesce(?2, attempts)
           RETURNING id, session_id, attempts`,
          event_id,
          attempt,
          error,
          at,
          dueWhenRetried(next_at),
          HOLD_MS,
        );
  if (event === null) return false;
  record(db, event, at, "failed", error);
  makeSearchable(db, event.id);
  promote(db, EVENTS, event.session_id);
  return true;
}

/** Adds a line to the event's attempts log. Part of a unit of work. */
export function record(
  db: Connection,
  event: { readonly id: number; readonly attempts: number },
  at: number,
  outcome: EventAttempt["outcome"],
  detail: string,
): void {
  db.run(
    "INSERT INTO event_attempts (event, number, at, outcome, detail) VALUES (?, ?, ?, ?, ?)",
    event.id,
    event.attempts,
    at,
    outcome,
    detail,
  );
}

/** Makes at most `limit` of the events searchable that were done when they were stored. Returns how many. Part of a unit of work. */
export function indexEvents(db: Connection, limit: number): number {
  const waiting = db.all<{ id: number }>("SELECT id FROM events WHERE unindexed = 1 ORDER BY id LIMIT ?", limit);
  for (const { id } of waiting) {
    makeSearchable(db, id);
    db.run("UPDATE events SET unindexed = 0 WHERE id = ?", id);
  }
  return waiting.length;
}

/** An event is found by its words from its first end on; accepting one is cheap because it waits until then. */
function makeSearchable(db: Connection, id: number): void {
  if (db.get("SELECT 1 FROM event_search WHERE rowid = ?", id) !== null) return;
  const event = db.get<{ source: string; type: string; body: Uint8Array }>(
    "SELECT e.source, e.type, b.body FROM events e JOIN event_bodies b USING (id) WHERE e.id = ?",
    id,
  );
  if (event === null) return;
  const text = searchable(event.source, event.type, bodyText(event.body));
  db.run("INSERT INTO event_search (rowid, text) VALUES (?, ?)", id, text);
}
