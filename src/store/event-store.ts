import type { EventAttempt, EventState, EventWithBody, StoredEvent } from "../protocol/event.ts";
import type { IdempotencyRecord } from "./idempotency-store.ts";
import type { Page } from "./page.ts";

export interface NewEvent {
  readonly event_id: string;
  readonly source: string;
  readonly type: string;
  readonly delivery_id: string | null;
  readonly session_id: string;
  readonly device_id: string | null;
  readonly received_at: number;
  readonly content_type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Nobody answers it: it is done when it is stored, with this as the detail of its one attempt. */
  readonly stored?: string;
}

export interface EventFilter {
  readonly source?: string;
  readonly state?: EventState;
  /** Words that must occur in the event's text. */
  readonly q?: string;
  readonly since?: number;
  /** The beginning of an `event_id`. */
  readonly id?: string;
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: string;
}

export interface EventCounts {
  readonly received: number;
  readonly running: number;
  readonly retrying: number;
  readonly dead: number;
  /** When the oldest event that is not done or dead came; null when there is none. */
  readonly oldest_pending_at: number | null;
}

/** What a worker says about an attempt that did not succeed. `next_at` null: it is dead. */
export interface EventFailure {
  readonly at: number;
  readonly error: string;
  readonly next_at: number | null;
}

export interface ReplayFilter {
  readonly state: "dead" | "done";
  readonly source?: string;
  /** Received at or after. */
  readonly since?: number;
  /** Received at or before: a bulk replay must not meet its own events again. */
  readonly until: number;
}

export interface PurgeFilter {
  readonly before: number;
  readonly source?: string;
  readonly state?: "dead" | "done";
}

export interface EventStore {
  /**
   * Stores a delivery, and in the same transaction the answer its Idempotency-Key will be given again. When the same
   * (source, delivery_id) was accepted before, stores nothing and names that event. When that one is dead, the sender
   * is trying to repair it: it is taken up again as by `replay`, and this is no duplicate, unless an answer of it is being sent.
   */
  accept(
    event: NewEvent,
    answer?: IdempotencyRecord,
  ): Promise<{ readonly event_id: string; readonly duplicate: boolean }>;
  /**
   * Takes up to `limit` events that are due, oldest first, and marks them running with one attempt more. At most one
   * event of a session runs at a time; the others of that session wait.
   */
  claim(limit: number, now: number): Promise<readonly EventWithBody[]>;
  /** Ends the running attempt without an answer. False when that attempt is not the running one any more. */
  fail(event_id: string, attempt: number, failure: EventFailure): Promise<boolean>;
  /** Ends the running attempt of an event that is only stored, without a run. False as for `fail`. */
  complete(event_id: string, attempt: number, at: number, detail: string): Promise<boolean>;
  /**
   * Takes an ended event, or one that waits for its retry, up again as if it had just come: due at once, all retries
   * before it. An answer of it that was still to be sent is not sent any more: it is `dead`. `by` goes into the attempts log.
   * `pending`: it is received or running anyway, or an answer of it is being sent. `gone`: its bytes were purged.
   */
  replay(event_id: string, at: number, by: string): Promise<"replayed" | "pending" | "gone" | "unknown">;
  /**
   * The same for up to `limit` events, oldest first; those that `replay` would not take up are left out. Returns their ids; call
   * again until none.
   */
  replayAll(filter: ReplayFilter, limit: number, at: number, by: string): Promise<readonly string[]>;
  /**
   * Deletes the bytes, headers and search text of at most `limit` ended events updated before `before`, oldest first, and with them
   * the ended runs of reach `channel` that they caused. A session whose title came from such a run is called by its id then.
   * Returns how many, which may be fewer than there are: call again until none.
   */
  purgeBodies(filter: PurgeFilter, limit: number): Promise<number>;
  /** Deletes at most `limit` such events, with everything about them, their runs as above. Returns how many. */
  purge(filter: PurgeFilter, limit: number): Promise<number>;
  /** When each source's latest event came. */
  latest(): Promise<ReadonlyMap<string, number>>;
  /** Hands events that were running when the process ended back to `received`. Returns how many. */
  recover(now: number): Promise<number>;
  /**
   * After the clock was set back: events whose last failure lies more than 5 s ahead of `now` are due as long after `now` as they were
   * due after their failure, and no event is held for more than 60 s. Cheap where there is none. Returns how many it changed.
   */
  rebase(now: number): Promise<number>;
  /** Makes at most `limit` events searchable that were done when they were stored. Returns how many; 0: all are. */
  index(limit: number): Promise<number>;
  get(event_id: string): Promise<EventWithBody | null>;
  attempts(event_id: string): Promise<readonly EventAttempt[]>;
  /** Newest first. */
  list(filter: EventFilter): Promise<Page<StoredEvent>>;
  counts(): Promise<EventCounts>;
}
