import type { Reach, RunError, RunOrigin, StoredRun, Usage } from "../protocol/run.ts";
import type { NewReply } from "./delivery-stores.ts";
import type { EventFailure } from "./event-store.ts";
import type { IdempotencyRecord } from "./idempotency-store.ts";
import type { Page } from "./page.ts";

export interface NewRun {
  readonly run_id: string;
  readonly session_id: string;
  readonly event_id: string | null;
  readonly device_id: string | null;
  readonly origin: RunOrigin;
  readonly reach: Reach;
  readonly input: string;
  /** What its session is called if this is the first run. @default the beginning of `input` */
  readonly title?: string;
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
  /** The event that the latest run of a session answered, among those that answered one; null when none did. */
  latestEventOf(session_id: string): Promise<string | null>;
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
  /** An answer that was stopped before it was whole. */
  readonly cut?: true;
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
  /** The latest `limit` messages before those of `run_id`, oldest first, without questions that got no answer. */
  historyBefore(session_id: string, run_id: string, limit: number): Promise<readonly StoredMessage[]>;
  /** Reserves sequence numbers below `limit`, so that no number is given out twice, not even after a crash. */
  reserve(session_id: string, limit: number): Promise<void>;
  /** Removes the session with its messages and ended runs. */
  remove(session_id: string): Promise<boolean>;
}
