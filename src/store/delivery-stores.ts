import type { RefusalReason, StoredRefusal } from "../protocol/refusal.ts";
import type { ReplyState, ReplyTarget, StoredReply } from "../protocol/reply.ts";
import type { Page } from "./page.ts";

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

export interface NewReply {
  readonly reply_id: string;
  /** The event it goes back for, when that is not the run's own: a notice has none. */
  readonly event_id?: string;
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
  /**
   * Takes up to `limit` replies of a source that are due, oldest first, one of each session, and marks them sending with one attempt
   * more.
   */
  claim(limit: number, now: number, source: string): Promise<readonly StoredReply[]>;
  /** One more part of a reply that is being sent has arrived. */
  partSent(reply_id: string, attempt: number): Promise<void>;
  /** Ends the attempt that is sending. False when that is another one. */
  settle(reply_id: string, attempt: number, outcome: ReplyOutcome): Promise<boolean>;
  /** Those of a source that were being sent when the process ended, oldest first: whoever knows the channel settles each of them. */
  interrupted(source: string): Promise<readonly StoredReply[]>;
  /** The sources of those that are not settled. */
  sources(): Promise<readonly string[]>;
  /** The same as `EventStore.rebase` for replies that wait. */
  rebase(now: number): Promise<number>;
  /** Latest first: an event that was replayed has several. */
  ofEvent(event_id: string): Promise<readonly StoredReply[]>;
  counts(): Promise<Readonly<Record<ReplyState, number>>>;
}
