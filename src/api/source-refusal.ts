import { Problem } from "../protocol/problem.ts";
import type { Refusal, RefusalReason } from "../protocol/refusal.ts";
import { StoreUnavailable } from "../store/store.ts";

/** A refusal on its way to the sender. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

/** Whoever is refused for these has shown who it is, or is not to blame. */
export const PROVED: ReadonlySet<RefusalReason> = new Set([
  "source_over_budget",
  "store_unavailable",
  "overloaded",
  "bad_body",
]);

export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof StoreUnavailable) {
    return {
      reason: "store_unavailable",
      code: "store_unavailable",
      detail: "The event could not be stored.",
      fix: "See the gateway's log: the disk is full or the database cannot be written. Have the delivery sent again afterwards.",
    };
  }
  if (!(error instanceof Problem)) return null;
  const known = READING[error.code];
  return known ? { ...known, code: error.code, detail: error.message } : null;
}

/** What can go wrong while a body comes. */
const READING: Partial<Record<Problem["code"], Pick<Refusal, "reason" | "fix">>> = {
  too_large: {
    reason: "too_large",
    fix: "Raise max_body in the channel's table if deliveries of this size are meant to come, then have it sent again.",
  },
  request_timeout: {
    reason: "too_slow",
    fix: "The sender's connection is too slow, or it keeps connections open on purpose.",
  },
  overloaded: { reason: "overloaded", fix: "Too many large bodies came at once. Have the delivery sent again." },
  bad_request: {
    reason: "bad_length",
    fix: "The connection ended early or its length was wrong: look at the proxy in front.",
  },
};

/** `kind` is the channel's: RFC 9110 §11.6.1 wants every 401 to say how one authenticates. */
export function problemOf(refusal: Refusal, kind: string | undefined, cause: unknown): Problem {
  const { code, detail, retryAfter } = refusal;
  const challenge = code === "bad_signature" || code === "unauthorized";
  return new Problem(code, {
    detail,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(challenge
      ? { headers: { "WWW-Authenticate": `${CHALLENGES[kind ?? ""] ?? "Signature"} realm="zeroclaw"` } }
      : {}),
    ...(cause instanceof StoreUnavailable ? { cause } : {}),
  });
}

const CHALLENGES: Readonly<Record<string, string>> = { basic: "Basic", bearer: "Bearer" };

export function unknownSource(name: string): Refusal {
  return {
    reason: "unknown_source",
    code: "not_found",
    detail: "No source of that name is configured here.",
    fix: `Add a table [channels.${name.slice(0, 64)}] to config.toml, or correct the URL at the sender.`,
  };
}

export function off(name: string, why: string): Refusal {
  return {
    reason: "channel_off",
    code: "channel_off",
    detail: `The channel "${name}" is off: ${why}`,
    fix: why,
    retryAfter: 60,
  };
}

export function wrongAddress(name: string): Refusal {
  return {
    reason: "wrong_address",
    code: "not_found",
    detail: "Deliveries of this source have no secret in their address.",
    fix: `Correct the URL at the sender: it ends with /webhook/${name}.`,
  };
}

export function tooMany(retryAfter: number): Refusal {
  return {
    reason: "rate_limited",
    code: "rate_limited",
    detail: `Too many deliveries that prove nothing came from this address. Wait ${retryAfter} s.`,
    fix: "Look at the refusals before this one: they say what was wrong with them.",
    retryAfter,
  };
}

export function overBudget(name: string, retryAfter: number): Refusal {
  return {
    reason: "source_over_budget",
    code: "source_over_budget",
    detail: `The source "${name}" has used up its deliveries for this minute. Wait ${retryAfter} s.`,
    fix: `Raise channels.${name}.rate_limit, or remove it: zeroclaw config unset channels.${name}.rate_limit`,
    retryAfter,
  };
}
