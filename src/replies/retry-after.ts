const SECONDS = /^\d{1,9}$/;

/** `Retry-After` (RFC 9110 §10.2.3) in milliseconds from `now`: seconds or an HTTP date. Undefined when absent or unreadable. */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (SECONDS.test(value)) return Number(value) * 1_000;
  // `Date.parse` takes nearly anything for a date; an HTTP date begins with a weekday and ends with GMT.
  if (!/^[A-Z][a-z]{2,8}, .* GMT$/.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
