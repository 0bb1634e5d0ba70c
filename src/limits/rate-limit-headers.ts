import type { Standing } from "./rate-limiter.ts";

/** A quota as clients see it: `limit` requests in any `windowMs`. The name is sent as it is: letters, digits, `-`, `_`. */
export interface Quota {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** The `RateLimit-Policy` field of draft-ietf-httpapi-ratelimit-headers-11: `"default";q=60;w=60`, the window in whole seconds. */
export function policyField({ name, limit, windowMs }: Quota): string {
  return `"${name}";q=${limit};w=${wholeSeconds(windowMs)}`;
}

/** The `RateLimit` field of the same draft: `"default";r=12;t=34`, that is 12 requests left and more in at most 34 s. */
export function rateLimitField(name: string, { remaining, resetMs }: Standing): string {
  return `"${name}";r=${remaining};t=${wholeSeconds(resetMs)}`;
}

/** Milliseconds as the whole seconds of `t` and of `Retry-After`: rounded up, so that who waits that long is let in. */
export function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1_000);
}
