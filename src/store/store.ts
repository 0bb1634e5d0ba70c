import type { EventAttempt, EventState, EventWithBody, StoredEvent } from "../protocol/event.ts";
import type { Scope } from "../protocol/principal.ts";
import type { RefusalReason, StoredRefusal } from "../protocol/refusal.ts";
import type { ReplyState, ReplyTarget, StoredReply } from "../protocol/reply.ts";
import type { Reach, RunError, RunOrigin, StoredRun, Usage } from "../protocol/run.ts";

/**
 * Where state lives. SQLite implements it now and PostgreSQL will, so every method is async and no caller sees SQL.
 * A write has reached the disk when its promise resolves; it rejects with StoreUnavailable when it could not, and then
 * nothing of it is there. Times are milliseconds since the epoch. Every implementation passes `test/conformance/store.ts`.
 */
export interface Store {
  readonly events: EventStore;
  readonly runs: RunStore;
  readonly sessions: SessionStore;
  readonly devices: DeviceStore;
  readonly idempotency: IdempotencyStore;
  readonly lockouts: LockoutStore;
  readonly notes: NoteStore;
  readonly reminders: ReminderStore;
  readonly search: SearchStore;
  readonly counters: CounterStore;
  readonly refusals: RefusalStore;
  readonly replies: ReplyStore;
  /** Null while writes succeed; else what the last one failed with. */
  readonly fault: string | null;
  /** Tries a write when `fault` is set, so that a store whose disk has room again recovers by itself. */
  probe(): Promise<boolean>;
  close(): Promise<void>;
}

/** The disk is full, the database locked or broken. Nothing of the refused write was stored. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

// --- events -----------------------------------------------------------------------------------------------------

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

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; null on the last. */
  readonly next: string | null;
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
   * is trying to repair it: it is taken up again as by `replay`, and this is no duplicate.
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
   * before it. `by` goes into the attempts log. `pending`: it is received or running anyway. `gone`: its bytes were purged.
   */
  replay(event_id: string, at: number, by: string): Promise<"replayed" | "pending" | "gone" | "unknown">;
  /** The same for up to `limit` events, oldest first; purged ones are left out. Returns their ids; call again until none. */
  replayAll(filter: ReplayFilter, limit: number, at: number, by: string): Promise<readonly string[]>;
  /** Deletes the bytes, headers and search text of at most `limit` ended events updated before `before`. Returns how many. */
  purgeBodies(filter: PurgeFilter, limit: number): Promise<number>;
  /** Deletes at most `limit` ended events updated before `before`, with everything about them. Returns how many. */
  purge(filter: PurgeFilter, limit: number): Promise<number>;
  /** When each source's latest event came. */
  latest(): Promise<ReadonlyMap<string, number>>;
  /** Hands events that were running when the process ended back to `received`. Returns how many. */
  recover(now: number): Promise<number>;
  get(event_id: string): Promise<EventWithBody | null>;
  attempts(event_id: string): Promise<readonly EventAttempt[]>;
  /** Newest first. */
  list(filter: EventFilter): Promise<Page<StoredEvent>>;
  counts(): Promise<EventCounts>;
}

// --- runs and sessions --------------------------------------------------------------------------------------------

export interface NewRun {
  readonly run_id: string;
  readonly session_id: string;
  readonly event_id: string | null;
  readonly device_id: string | null;
  readonly origin: RunOrigin;
  readonly reach: Reach;
  readonly input: string;
  readonly message_id: string;
  readonly state: "queued" | "running";
  readonly created_at: number;
}

/** How a run ended. */
export interface RunOutcome {
  readonly state: "done" | "failed" | "cancelled";
  readonly response: string | null;
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly error: RunError | null;
  readonly seq: number;
  readonly ended_at: number;
  /** What its event becomes, in the same transaction; absent for runs without one. Done: null. */
  readonly event_failure?: EventFailure | null;
  /** The answer's way back, stored in the same transaction; absent when it has none. */
  readonly reply?: NewReply;
}

export interface RunStore {
  /**
   * Stores a run together with its session (made if it is new, owned by `device_id`), the user's message, and the key
   * that must lead back to it.
   */
  create(run: NewRun, key?: IdempotencyRecord): Promise<void>;
  /** queued → running. */
  begin(run_id: string, at: number): Promise<void>;
  /**
   * Ends a run exactly once, with its answer in the session's history, its event's state, and its search entry. False
   * when that attempt had ended before.
   */
  finish(run_id: string, attempt: number, outcome: RunOutcome): Promise<boolean>;
  get(run_id: string): Promise<StoredRun | null>;
  /** The latest run of an event, so that a recovered event goes on with it. */
  ofEvent(event_id: string): Promise<StoredRun | null>;
  /** Runs that had not ended when the process did, oldest first. */
  unfinished(): Promise<readonly StoredRun[]>;
  /** Counts one attempt more and makes the run queued again. Returns the attempt. */
  restart(run_id: string): Promise<number>;
  /** Runs of a session whose terminal frame has a `seq` above `after`, in that order. */
  endedAfter(session_id: string, after: number, limit: number): Promise<readonly StoredRun[]>;
}

export interface StoredSession {
  readonly session_id: string;
  /** Who made it; null when a channel did. */
  readonly device_id: string | null;
  readonly title: string;
  readonly created_at: number;
  readonly updated_at: number;
  /** Every `seq` that may have been given out is below this. */
  readonly seq_limit: number;
}

export interface StoredMessage {
  readonly message_id: string;
  readonly run_id: string;
  readonly role: "user" | "assistant";
  readonly content: string;
  readonly at: number;
}

export interface SessionStore {
  get(session_id: string): Promise<StoredSession | null>;
  /** Latest first; `device_id` restricts the list to one owner's. */
  list(filter: {
    readonly device_id?: string;
    readonly limit: number;
    readonly after?: string;
  }): Promise<Page<StoredSession>>;
  /** Oldest first. */
  messages(session_id: string, page: { readonly limit: number; readonly after?: string }): Promise<Page<StoredMessage>>;
  /** The latest `limit` messages before those of `run_id`, oldest first. */
  historyBefore(session_id: string, run_id: string, limit: number): Promise<readonly StoredMessage[]>;
  /** Reserves sequence numbers below `limit`, so that no number is given out twice, not even after a crash. */
  reserve(session_id: string, limit: number): Promise<void>;
  /** Removes the session with its messages and ended runs. */
  remove(session_id: string): Promise<boolean>;
}

// --- who may ask --------------------------------------------------------------------------------------------------

export interface StoredDevice {
  readonly device_id: string;
  /** SHA-256 of the token, lower-case hex. */
  readonly token_hash: string;
  readonly name: string;
  readonly scope: Scope;
  readonly created_at: number;
  readonly last_seen_at: number | null;
  readonly expires_at: number | null;
}

export interface DeviceStore {
  list(): Promise<readonly StoredDevice[]>;
  add(device: StoredDevice): Promise<void>;
  rename(device_id: string, name: string): Promise<boolean>;
  remove(device_ids: readonly string[]): Promise<void>;
  seen(times: ReadonlyMap<string, number>): Promise<void>;
}

export interface Lockout {
  /** `code`: wrong pairing codes. `token`: wrong tokens. */
  readonly kind: "code" | "token";
  /** An address (IPv6 by /64), or `*` for the count of all wrong codes. */
  readonly client: string;
  readonly failures: number;
  /** When the count began. */
  readonly since: number;
  /** Locked until then; 0 while only counting. */
  readonly until: number;
}

export interface LockoutStore {
  list(): Promise<readonly Lockout[]>;
  put(lockouts: readonly Lockout[]): Promise<void>;
  clear(): Promise<void>;
}

// --- deliveries that were not taken -------------------------------------------------------------------------------

export interface RefusalFilter {
  readonly source?: string;
  readonly reason?: RefusalReason;
  readonly request_id?: string;
  readonly since?: number;
  readonly limit: number;
  readonly after?: string;
}

export interface RefusalStore {
  add(refusals: readonly StoredRefusal[]): Promise<void>;
  /** Newest first. */
  list(filter: RefusalFilter): Promise<Page<StoredRefusal>>;
  /** Deletes at most `limit` of those before `before` and those beyond the latest `keep`. Returns how many. */
  purge(before: number, keep: number, limit: number): Promise<number>;
}

// --- answers on their way back --------------------------------------------------------------------------------------

export interface NewReply {
  readonly reply_id: string;
  readonly source: string;
  readonly target: ReplyTarget;
}

/** How an attempt at sending ended. */
export interface ReplyOutcome {
  readonly at: number;
  readonly state: "sent" | "retrying" | "uncertain" | "dead";
  readonly detail: string;
  /** With `retrying`: when it is tried again. */
  readonly next_at?: number;
}

export interface ReplyStore {
  /** Takes up to `limit` replies that are due, oldest first, one of each session, and marks them sending with one attempt more. */
  claim(limit: number, now: number): Promise<readonly StoredReply[]>;
  /** One more part of a reply that is being sent has arrived. */
  partSent(reply_id: string, attempt: number): Promise<void>;
  /** Ends the attempt that is sending. False when that is another one. */
  settle(reply_id: string, attempt: number, outcome: ReplyOutcome): Promise<boolean>;
  /** Those that were being sent when the process ended, oldest first: whoever knows the channel settles each of them. */
  interrupted(): Promise<readonly StoredReply[]>;
  /** Latest first: an event that was replayed has several. */
  ofEvent(event_id: string): Promise<readonly StoredReply[]>;
  counts(): Promise<Readonly<Record<ReplyState, number>>>;
}

// --- answers that are given again -----------------------------------------------------------------------------------

export interface IdempotencyRecord {
  /** Device and route: one client cannot see another's answers. */
  readonly scope: string;
  readonly key: string;
  /** SHA-256 of the request's body, lower-case hex. */
  readonly fingerprint: string;
  /** The run whose state is the answer; or null, and the answer is `status` and `body`. */
  readonly run_id: string | null;
  readonly status: number;
  readonly body: string;
  readonly created_at: number;
}

export interface IdempotencyStore {
  get(scope: string, key: string): Promise<IdempotencyRecord | null>;
  put(record: IdempotencyRecord): Promise<void>;
  remove(scope: string, key: string): Promise<void>;
  /** Forgets at most `limit` records made before `before`. Returns how many. */
  purge(before: number, limit: number): Promise<number>;
}

// --- what the operator remembers ------------------------------------------------------------------------------------

export interface StoredNote {
  readonly note_id: string;
  readonly device_id: string | null;
  readonly text: string;
  readonly created_at: number;
}

export interface NoteStore {
  /** Stores the note and its search entry. */
  add(note: StoredNote): Promise<void>;
  /** Latest first; `device_id` restricts the list to one device's. */
  list(filter: { readonly device_id?: string; readonly limit: number }): Promise<readonly StoredNote[]>;
  remove(note_id: string): Promise<boolean>;
}

export interface StoredReminder {
  readonly reminder_id: string;
  readonly session_id: string;
  readonly device_id: string | null;
  readonly text: string;
  readonly due_at: number;
  readonly created_at: number;
}

export interface ReminderStore {
  add(reminder: StoredReminder): Promise<void>;
  /** Those not yet given, soonest first. */
  pending(limit: number): Promise<readonly StoredReminder[]>;
  remove(reminder_id: string): Promise<boolean>;
}

export interface SearchHit {
  readonly kind: "event" | "message" | "note";
  /** The event's, run's or note's id. */
  readonly ref: string;
  readonly session_id: string | null;
  readonly at: number;
  /** The words found, each between `\u0002` and `\u0003`. */
  readonly snippet: string;
}

/** Which entries a search may see. All fields that are given must match. */
export interface SearchLimits {
  readonly session_id?: string;
  readonly device_id?: string;
  readonly kind?: SearchHit["kind"];
}

export interface SearchStore {
  /** Best first. Every word of `words` must occur; no query syntax is interpreted. */
  find(words: string, limits: SearchLimits, limit: number): Promise<readonly SearchHit[]>;
}

/** One minute of the gateway's life, for charts. */
export interface CounterRow {
  /** The start of the minute. */
  readonly at: number;
  readonly accepted: number;
  readonly refused: number;
  readonly runs: number;
  readonly failed: number;
  readonly depth: number;
  readonly sockets: number;
  /** Median and 99th percentile of the milliseconds from request to answer. */
  readonly p50_ms: number;
  readonly p99_ms: number;
}

export interface CounterStore {
  put(row: CounterRow): Promise<void>;
  /** Oldest first. */
  since(at: number): Promise<readonly CounterRow[]>;
  purge(before: number): Promise<void>;
}
