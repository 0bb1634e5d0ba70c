import type { EventAttempt, EventWithBody, StoredEvent } from "../../protocol/event.ts";
import type {
  EventCounts,
  EventFailure,
  EventFilter,
  EventStore,
  IdempotencyRecord,
  NewEvent,
  Page,
} from "../store.ts";
import type { Connection } from "./database.ts";
import { isDuplicate } from "./errors.ts";
import { claimDue, DUE_ON_ACCEPT } from "./event-claim.ts";
import { failEvent } from "./event-end.ts";
import { EVENT_COLUMNS, listEvents } from "./event-list.ts";
import { claimKey } from "./idempotency.ts";
import type { Writer } from "./writer.ts";

const INSERT = `
  INSERT INTO events
    (event_id, source, type, delivery_id, session_id, device_id, received_at, updated_at, content_type, size, due_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ${DUE_ON_ACCEPT})
  ON CONFLICT (source, delivery_id) WHERE delivery_id IS NOT NULL DO NOTHING`;

const WITH_BODY = `${EVENT_COLUMNS}, b.headers, b.body,
    (SELECT response FROM runs WHERE event_id = e.event_id AND response IS NOT NULL ORDER BY id DESC LIMIT 1) AS response,
    (SELECT model FROM runs WHERE event_id = e.event_id AND response IS NOT NULL ORDER BY id DESC LIMIT 1) AS model`;

/** The same of an event that is about to be answered. */
const UNANSWERED = `${EVENT_COLUMNS}, b.headers, b.body, NULL AS response, NULL AS model`;

const FROM = "FROM events e LEFT JOIN event_bodies b ON b.id = e.id";

interface BodyRow extends Omit<EventWithBody, "headers" | "body"> {
  readonly headers: string | null;
  readonly body: Uint8Array | null;
}

// Greater than every id, for where there is none.
const NO_ID = Number.MAX_SAFE_INTEGER;

type Acceptance = { readonly event_id: string; readonly duplicate: boolean };

export class SqliteEvents implements EventStore {
  readonly #db: Connection;
  readonly #writer: Writer;

  constructor(db: Connection, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  accept(event: NewEvent, answer?: IdempotencyRecord): Promise<Acceptance> {
    const headers = JSON.stringify(event.headers);
    return this.#writer.write(
      () => this.#accept(event, headers, answer),
      event.body.byteLength + headers.length + (answer?.body.length ?? 0),
    );
  }

  claim(limit: number, now: number): Promise<readonly EventWithBody[]> {
    return this.#writer.write(() =>
      claimDue(this.#db, limit, now).map((id) =>
        withBody(this.#db.get<BodyRow>(`SELECT ${UNANSWERED} ${FROM} WHERE e.id = ?`, id)!),
      ),
    );
  }

  fail(event_id: string, attempt: number, failure: EventFailure): Promise<boolean> {
    return this.#writer.write(() => failEvent(this.#db, event_id, attempt, failure));
  }

  recover(now: number): Promise<number> {
    return this.#writer.write(() => {
      this.#db.run(
        `INSERT INTO event_attempts (event, number, at, outcome, detail)
         SELECT id, attempts, ?, 'interrupted', 'The gateway ended before the attempt did.'
         FROM events WHERE state = 'running'`,
        now,
      );
      const sql = "UPDATE events SET state = 'received', due_at = 0, updated_at = ? WHERE state = 'running'";
      return this.#db.run(sql, now).changes;
    });
  }

  get(event_id: string): Promise<EventWithBody | null> {
    return this.#db.read(() => {
      const row = this.#db.get<BodyRow>(`SELECT ${WITH_BODY} ${FROM} WHERE e.event_id = ?`, event_id);
      return row === null ? null : withBody(row);
    });
  }

  attempts(event_id: string): Promise<readonly EventAttempt[]> {
    return this.#db.read(() =>
      this.#db.all<EventAttempt>(
        `SELECT at, outcome, detail FROM event_attempts
         WHERE event = (SELECT id FROM events WHERE event_id = ?) ORDER BY number`,
        event_id,
      ),
    );
  }

  list(filter: EventFilter): Promise<Page<StoredEvent>> {
    return this.#db.read(() => listEvents(this.#db, filter));
  }

  counts(): Promise<EventCounts> {
    // Each of the subqueries reads one partial index and no row.
    return this.#db.read(
      () =>
        this.#db.get<EventCounts>(
          `SELECT received, running, retrying, dead,
                  (SELECT received_at FROM events WHERE id = min(
                     coalesce(first_received, ${NO_ID}), coalesce(first_running, ${NO_ID}), coalesce(first_retrying, ${NO_ID})
                  )) AS oldest_pending_at
           FROM (SELECT count(*) AS received, min(id) AS first_received FROM events WHERE state = 'received')
           JOIN (SELECT count(*) AS running, min(id) AS first_running FROM events WHERE state = 'running')
           JOIN (SELECT count(*) AS retrying, min(id) AS first_retrying FROM events WHERE state = 'retrying')
           JOIN (SELECT count(*) AS dead FROM events WHERE state = 'dead')`,
        )!,
    );
  }

  #accept(event: NewEvent, headers: string, answer: IdempotencyRecord | undefined): Acceptance {
    const { event_id, source, delivery_id, body } = event;
    const { changes, lastInsertRowid } = this.#insert(event);
    if (changes === 0) {
      const first = this.#db.get<{ event_id: string }>(
        "SELECT event_id FROM events WHERE source = ? AND delivery_id = ?",
        source,
        delivery_id,
      );
      return { event_id: first!.event_id, duplicate: true };
    }
    this.#db.run("INSERT INTO event_bodies (id, headers, body) VALUES (?, ?, ?)", lastInsertRowid, headers, body);
    if (answer !== undefined) claimKey(this.#db, answer);
    return { event_id, duplicate: false };
  }

  #insert(event: NewEvent) {
    try {
      return this.#db.run(
        INSERT,
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
}

function withBody(row: BodyRow): EventWithBody {
  return {
    ...row,
    // as: `accept` wrote this JSON, from an object of strings.
    headers: JSON.parse(row.headers ?? "{}") as Record<string, string>,
    body: row.body ?? new Uint8Array(0),
  };
}
