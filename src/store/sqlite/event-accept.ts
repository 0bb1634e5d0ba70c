import type { IdempotencyRecord, NewEvent } from "../store.ts";
import type { Connection } from "./database.ts";
import { isDuplicate } from "./errors.ts";
import { record } from "./event-end.ts";
import { isAnswering, type Replayable, takeUpAgain } from "./event-replay.ts";
import { claimKey } from "./idempotency.ts";
import { dueWhenAdded, EVENTS } from "./queue.ts";

const INSERT = `
  INSERT INTO events
    (event_id, source, type, delivery_id, session_id, device_id, received_at, updated_at, content_type, size, due_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ${dueWhenAdded(EVENTS, "?5")})
  ON CONFLICT (source, delivery_id) WHERE delivery_id IS NOT NULL DO NOTHING`;

/** The same of an event that is done with that. */
const INSERT_DONE = `
  INSERT INTO events
    (event_id, source, type, delivery_id, session_id, device_id, received_at, updated_at, content_type, size, state, attempts,
     unindexed)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, 'done', 1, 1)
  ON CONFLICT (source, delivery_id) WHERE delivery_id IS NOT NULL DO NOTHING`;

const INSERT_BODY = "INSERT INTO event_bodies (id, headers, body) VALUES (?, ?, ?)";

export interface Acceptance {
  readonly event_id: string;
  readonly duplicate: boolean;
}

/** Stores a delivery, `headers` as JSON. Part of a unit of work. */
export function acceptEvent(
  db: Connection,
  event: NewEvent,
  headers: string,
  answer: IdempotencyRecord | undefined,
): Acceptance {
  const { changes, lastInsertRowid } = insert(db, event);
  if (changes === 0) return acceptAgain(db, event, headers);
  db.run(INSERT_BODY, lastInsertRowid, headers, event.body);
  if (answer !== undefined) claimKey(db, answer);
  if (event.stored !== undefined) {
    record(db, { id: lastInsertRowid, attempts: 1 }, event.received_at, "done", event.stored);
  }
  return { event_id: event.event_id, duplicate: false };
}

function insert(db: Connection, event: NewEvent) {
  try {
    return db.run(
      event.stored === undefined ? INSERT : INSERT_DONE,
      event.event_id,
      event.source,
      event.type,
      event.delivery_id,
      event.session_id,
      event.device_id,
      event.received_at,
      event.content_type,
      event.body.byteLength,
    );
  } catch (cause) {
    if (!isDuplicate(cause)) throw cause;
    throw new Error(`Cannot accept event "${event.event_id}": one with this id is stored already`, { cause });
  }
}

interface First extends Replayable {
  readonly event_id: string;
  readonly state: string;
  readonly purged: number;
}

/** A delivery that was accepted before: a dead one is taken up again, with these bytes where its own were purged. */
function acceptAgain(db: Connection, event: NewEvent, headers: string): Acceptance {
  const first = db.get<First>(
    "SELECT id, event_id, session_id, attempts, state, purged FROM events WHERE source = ? AND delivery_id = ?",
    event.source,
    event.delivery_id,
  )!;
  if (first.state !== "dead" || isAnswering(db, first.id)) return { event_id: first.event_id, duplicate: true };
  if (first.purged === 1) {
    db.run(INSERT_BODY, first.id, headers, event.body);
    db.run(
      "UPDATE events SET purged = 0, size = ?, content_type = ? WHERE id = ?",
      event.body.byteLength,
      event.content_type,
      first.id,
    );
  }
  takeUpAgain(db, first, event.received_at, "The sender delivered it again.");
  return { event_id: first.event_id, duplicate: false };
}
