import type { ProblemCode } from "./problem.ts";

/**
 * Why a delivery was refused: public in `/api/refusals`, in `webhook trace` and in metrics, so a name never changes its
 * meaning.
 */
export const REFUSAL_REASONS = [
  "unknown_source",
  "channel_off",
  "missing_signature",
  "malformed_signature",
  "wrong_signature",
  "missing_timestamp",
  "stale_timestamp",
  "wrong_verify_token",
  "bad_body",
  "bad_length",
  "missing_delivery_id",
  "wrong_address",
  "too_large",
  "too_slow",
  "overloaded",
  "rate_limited",
  "source_over_budget",
  "store_unavailable",
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** A delivery that is not taken. What it says goes to a stranger: never what the right signature or secret would be. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** The answer's status and code. */
  readonly code: ProblemCode;
  /** What was found, for the sender. */
  readonly detail: string;
  /** What the operator can do about it: a setting, a command, a page of the provider's. */
  readonly fix: string;
  /** Whole seconds, for `Retry-After`. */
  readonly retryAfter?: number;
}

/** A refusal as it is stored: metadata only, no body and no secret. `at` is milliseconds since the epoch. */
export interface StoredRefusal {
  readonly request_id: string;
  readonly at: number;
  readonly source: string;
  readonly reason: RefusalReason;
  /** What was found. */
  readonly detail: string;
  readonly fix: string;
  /** The address as it is counted. */
  readonly client: string;
  /** Bytes of the body as far as it was read or announced. */
  readonly size: number;
  /** What the sender called the delivery and its kind, as far as its headers say: to find it in the provider's own list. */
  readonly delivery_id: string | null;
  readonly event: string | null;
}

/** The row of `GET /api/refusals` (contract §7). */
export interface RefusalRow {
  readonly at: string;
  readonly source: string;
  readonly reason: RefusalReason;
  readonly detail: string;
  readonly fix: string;
  readonly client: string;
  readonly request_id: string;
  readonly size: number;
  readonly delivery_id?: string;
  readonly event?: string;
}
