import type { Scope } from "../protocol/principal.ts";
import type { RefusalStore, ReplyStore } from "./delivery-stores.ts";
import type { EventStore } from "./event-store.ts";
import type { IdempotencyStore } from "./idempotency-store.ts";
import type { RunStore, SessionStore } from "./run-store.ts";

export type {
  NewReply,
  RefusalFilter,
  RefusalStore,
  ReplyOutcome,
  ReplyStore,
} from "./delivery-stores.ts";
export type {
  EventCounts,
  EventFailure,
  EventFilter,
  EventStore,
  NewEvent,
  PurgeFilter,
  ReplayFilter,
} from "./event-store.ts";
export type {
  IdempotencyRecord,
  IdempotencyStore,
} from "./idempotency-store.ts";
export type { Page } from "./page.ts";
export type {
  NewRun,
  RunOutcome,
  RunStore,
  SessionStore,
  StoredMessage,
  StoredSession,
} from "./run-store.ts";

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

/** The same where it ends a start: nothing is left that would try again by itself. */
export function atStart({ message, cause }: StoreUnavailable): StoreUnavailable {
  return new StoreUnavailable(`${message}. Then start the gateway again`, { cause });
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
