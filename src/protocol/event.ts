/** Where an inbox event stands. received → running → done | retrying → dead. */
export type EventState = "received" | "running" | "retrying" | "done" | "dead";

export const EVENT_STATES = [
  "received",
  "running",
  "retrying",
  "done",
  "dead",
] as const satisfies readonly EventState[];

/** An accepted delivery as it is stored. Times are milliseconds since the epoch. */
export interface StoredEvent {
  readonly event_id: string;
  /** The channel that took it: `webhook` for POST /webhook, else the configured name. */
  readonly source: string;
  readonly type: string;
  /** The sender's own id of the delivery; null when it gave none. */
  readonly delivery_id: string | null;
  readonly state: EventState;
  readonly attempts: number;
  readonly session_id: string;
  /** The device whose token brought it; null for a channel. */
  readonly device_id: string | null;
  readonly received_at: number;
  readonly updated_at: number;
  /** Bytes of the body as received. */
  readonly size: number;
  readonly content_type: string;
  readonly error: string | null;
}

/** The same with what was received, to the byte. */
export interface EventWithBody extends StoredEvent {
  /** Attempts since it came or was last replayed: what retries are counted by. */
  readonly tries: number;
  /** As received, secrets redacted. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty when `purged`. */
  readonly body: Uint8Array;
  /** The bytes and headers were deleted: `store.retention_days` have passed. */
  readonly purged: boolean;
  readonly response: string | null;
  readonly model: string | null;
}

export interface EventAttempt {
  readonly at: number;
  readonly outcome: "done" | "failed" | "interrupted" | "replayed";
  readonly detail: string;
}

/** The row that `/api/events` and the `events` topic show (contract §7). */
export interface EventRow {
  readonly event_id: string;
  readonly source: string;
  readonly type: string;
  readonly delivery_id: string | null;
  readonly state: EventState;
  readonly attempts: number;
  readonly session_id: string;
  readonly received_at: string;
  readonly updated_at: string;
  readonly size: number;
  readonly error?: string;
}
