/** On every answer. The console's own pages bring a Content-Security-Policy that allows their files. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** What a page of an allowed origin may see and send (Fetch standard, CORS protocol). */
export function corsHeaders(origin: string): Record<string, string> {
  return {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Expose-Headers":
      "RateLimit, RateLimit-Policy, Retry-After, Idempotency-Replayed, Location, X-Request-Id",
    "Cross-Origin-Resource-Policy": "cross-origin",
    Vary: "Origin",
  };
}

export function preflightHeaders(methods: readonly string[]): Record<string, string> {
  return {
    "Access-Control-Allow-Methods": methods.join(", "),
    "Access-Control-Allow-Headers":
      "Authorization, Content-Type, Idempotency-Key, X-Idempotency-Key, X-Pairing-Code, Last-Event-ID, X-Zeroclaw-Session",
    "Access-Control-Max-Age": "600",
  };
}
