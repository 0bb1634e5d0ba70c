import type { EventAttempt, EventWithBody, StoredEvent } from "../../protocol/event.ts";
import type {
  EventCounts,
  EventFailure,
  EventFilter,
  EventStore,
  IdempotencyRecord,
  NewEvent,
  Page,
  PurgeFilter,
  ReplayFilter,
} from "../store.ts";
import type { Connection } from "./database.ts";
import { type Acceptance, acceptEvent } from "./event-accept.ts";
import { endEvent, failEvent, indexEvents } from "./event-end.ts";
import { EVENT_COLUMNS, listEvents } from "./event-list.ts";
import { purgeBodies, purgeEvents } from "./event-purge.ts";
import { replayEvent, replayEvents } from "./event-replay.ts";
import { latestOfSources } from "./event-walk.ts";
import { claimDue, EVENTS, REBASE_STEP, rebaseWaiting } from "./queue.ts";
import type { Writer } from "./writer.ts";

const COLUMNS = `${EVENT_COLUMNS}, e.attempts - e.attempts_before AS tries, e.purged, b.headers, b.body`;

const WITH_BODY = `${COLUMNS},
    (SELECT response FROM runs WHERE event_id = e.event_id AND response IS NOT NULL ORDER BY id DESC LIMIT 1) AS response,
    (SELECT model FROM runs WHERE event_id = e.event_id AND response IS NOT NULL ORDER BY id DESC LIMIT 1) AS model`;

/** The same of an event that is about to be answered. */
const UNANSWERED = `${COLUMNS}, NULL AS response, NULL AS model`;

const FROM = "FROM events e LEFT JOIN event_bodies b ON b.id = e.id";

interface BodyRow extends Omit<EventWithBody, "headers" | "body" | "purged"> {
  readonly headers: string | null;
  readonly body: Uint8Array | null;
  readonly purged: number;
}

// Greater than every id, for where there is none.
const NO_ID = Number.MAX_SAFE_INTEGER;

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
      () => acceptEvent(this.#db, event, headers, answer),
      event.body.byteLength + headers.length + (answer?.body.length ?? 0),
    );
  }

  claim(limit: number, now: number): Promise<readonly EventWithBody[]> {
    return this.#writer.write(() =>
      claimDue(this.#db, EVENTS, limit, now).map((id) =>
        withBody(this.#db.get<BodyRow>(`SELECT ${UNANSWERED} ${FROM} WHERE e.id = ?`, id)!),
      ),
    );
  }

  fail(event_id: string, attempt: number, failure: EventFailure): Promise<boolean> {
    return this.#writer.write(() => failEvent(this.#db, event_id, attempt, failure));
  }

  complete(event_id: string, attempt: number, at: number, detail: string): Promise<boolean> {
    return this.#writer.write(() => endEvent(this.#db, event_id, attempt, at, detail));
  }

  replay(event_id: string, at: number, by: string): Promise<"replayed" | "pending" | "gone" | "unknown"> {
    return this.#writer.write(() => replayEvent(this.#db, event_id, at, by));
  }

  replayAll(filter: ReplayFilter, limit: number, at: number, by: string): Promise<readonly string[]> {
    return this.#writer.write(() => replayEvents(this.#db, filter, limit, at, by));
  }

  purgeBodies(filter: PurgeFilter, limit: number): Promise<number> {
    return this.#writer.write(() => purgeBodies(this.#db, filter, limit));
  }

  purge(filter: PurgeFilter, limit: number): Promise<number> {
    return this.#writer.write(() => purgeEvents(this.#db, filter, limit));
  }

  latest(): Promise<ReadonlyMap<string, number>> {
    return this.#db.read(() => latestOfSources(this.#db));
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

  index(limit: number): Promise<number> {
    // Asked every second: only what there is to do becomes a transaction.
    const some = this.#db.read(() => this.#db.get("SELECT 1 FROM events WHERE unindexed = 1 LIMIT 1"));
    return some.then((found) => (found === null ? 0 : this.#writer.write(() => indexEvents(this.#db, limit))));
  }

  async rebase(now: number): Promise<number> {
    let changed = 0;
    for (;;) {
      const step = await this.#writer.write(() => rebaseWaiting(this.#db, EVENTS, now));
      changed += step;
      if (step < REBASE_STEP) return changed;
    }
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
        // In the order of the primary key: a replay follows the attempt whose number it has.
        `SELECT at, outcome, detail FROM event_attempts
         WHERE event = (SELECT id FROM events WHERE event_id = ?) ORDER BY number, outcome`,
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
}

function withBody(row: BodyRow): EventWithBody {
  return {
    ...row,
    // as: `accept` wrote this JSON, from an object of strings.
    headers: JSON.parse(row.headers ?? "{}") as Record<string, string>,
    body: row.body ?? new Uint8Array(0),
    purged: row.purged === 1,
  };
}
