/**
 * Every way a request can be refused. The code is public and never changes its meaning; `docs/problems.md` is made from
 * this table. `title` says what is wrong in general, a Problem's `detail` what was found this time and what to do.
 */
export const PROBLEMS = {
  bad_request: { status: 400, title: "The request cannot be understood" },
  bad_json: { status: 400, title: "The body is not valid JSON" },
  bad_text: { status: 400, title: "The body is not valid UTF-8" },
  bad_field: { status: 400, title: "A field has a value that is not allowed" },
  bad_idempotency_key: { status: 400, title: "The Idempotency-Key is empty, too long or malformed" },
  token_in_url: { status: 400, title: "A token or code was sent in the URL, where logs and history keep it" },
  unauthorized: { status: 401, title: "Pair first, then send the token" },
  pair_first: { status: 401, title: "That is a pairing code, not a token" },
  bad_signature: { status: 401, title: "The delivery is not signed as this source's are" },
  bad_verify_token: { status: 403, title: "The verify token is not this channel's" },
  invalid_code: { status: 403, title: "The pairing code is wrong, spent or expired" },
  forbidden_scope: { status: 403, title: "This token may not do that" },
  forbidden_origin: { status: 403, title: "Pages of this origin may not use the gateway" },
  not_found: { status: 404, title: "There is nothing at this address" },
  method_not_allowed: { status: 405, title: "This address does not take that method" },
  request_timeout: { status: 408, title: "The request did not arrive in time" },
  idempotency_in_flight: { status: 409, title: "A request with this Idempotency-Key is still running" },
  event_pending: { status: 409, title: "The event is being worked on already" },
  event_purged: { status: 410, title: "The event's bytes were deleted" },
  run_ended: { status: 409, title: "The run has ended already" },
  too_large: { status: 413, title: "The body is larger than this address takes" },
  unsupported_media_type: { status: 415, title: "This address does not take that kind of body" },
  misdirected_host: { status: 421, title: "The gateway does not answer to this host name" },
  idempotency_mismatch: { status: 422, title: "This Idempotency-Key was used with another body" },
  upgrade_required: { status: 426, title: "This address speaks WebSocket only" },
  rate_limited: { status: 429, title: "Too many requests" },
  locked_out: { status: 429, title: "Too many wrong pairing codes" },
  too_many_bad_tokens: { status: 429, title: "Too many wrong tokens" },
  source_over_budget: { status: 429, title: "This source has used up its own budget" },
  session_busy: { status: 429, title: "This session has too many messages waiting" },
  too_many_sockets: { status: 429, title: "Too many sockets are open that have not authenticated" },
  cancelled: { status: 499, title: "The run was cancelled" },
  internal: { status: 500, title: "Something went wrong in the gateway" },
  config_read_only: { status: 500, title: "The configuration file cannot be written" },
  agent_failed: { status: 502, title: "The agent could not answer" },
  agent_unavailable: { status: 503, title: "The agent cannot be reached" },
  agent_timeout: { status: 504, title: "The agent took too long" },
  store_unavailable: { status: 503, title: "The store cannot write" },
  overloaded: { status: 503, title: "The gateway holds as many unfinished bodies as it may" },
  channel_off: { status: 503, title: "This channel is not set up" },
  shutting_down: { status: 503, title: "The gateway is stopping" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

/** RFC 9457, with our `code`, `request_id`, and `error` for clients of other gateways. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly request_id: string;
  readonly error: string;
}

export interface ProblemOptions extends ErrorOptions {
  /** What was found this time and what to do about it. Default: the title. */
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whole seconds, for `Retry-After` and for a WebSocket error's `retry_after`. */
  readonly retryAfter?: number;
}

/** Thrown (or returned) where a request cannot be served; one place for each door turns it into bytes. */
export class Problem extends Error {
  override readonly name = "Problem"; // a literal: minified builds rename classes
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfter: number | undefined;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    super(options.detail ?? `${PROBLEMS[code].title}.`, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.retryAfter = options.retryAfter;
    this.headers = {
      ...options.headers,
      ...(options.retryAfter === undefined ? {} : { "Retry-After": String(options.retryAfter) }),
    };
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  body(requestId: string): ProblemBody {
    const { status, title } = PROBLEMS[this.code];
    return {
      type: `urn:zeroclaw:problem:${this.code}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      request_id: requestId,
      error: this.message,
    };
  }
}
