import { describe, expect, test } from "bun:test";
import { json, problemAnswer, text } from "../../src/http/answer.ts";
import { corsHeaders, preflightHeaders, SECURITY_HEADERS } from "../../src/http/headers.ts";
import { Problem } from "../../src/protocol/problem.ts";

const ID = "01a20320-a200-77dd-8417-bcd55786dadc";

describe("answers", () => {
  test("json is UTF-8 JSON with its status and headers", () => {
    expect(json({ a: "é" }, 202, { Location: "/x" })).toEqual({
      status: 202,
      body: '{"a":"é"}',
      type: "application/json; charset=utf-8",
      headers: { Location: "/x" },
    });
    expect(json([1])).toEqual({ status: 200, body: "[1]", type: "application/json; charset=utf-8" });
  });

  test("text is plain unless it says otherwise", () => {
    expect(text("a").type).toBe("text/plain; charset=utf-8");
    expect(text("a", 200, "text/html")).toMatchObject({ status: 200, type: "text/html" });
  });

  test("a problem is RFC 9457 with our code, the request's id and `error` as the detail again", () => {
    const problem = new Problem("rate_limited", { detail: "Wait 7 s.", retryAfter: 7 });
    const answer = problemAnswer(problem, ID);
    expect(answer).toMatchObject({
      status: 429,
      type: "application/problem+json; charset=utf-8",
      headers: { "Retry-After": "7" },
    });
    expect(JSON.parse(String(answer.body))).toEqual({
      type: "urn:zeroclaw:problem:rate_limited",
      title: "Too many requests",
      status: 429,
      detail: "Wait 7 s.",
      code: "rate_limited",
      request_id: ID,
      error: "Wait 7 s.",
    });
  });

  test("a 429 and a 503 always say when to come back", () => {
    for (const code of ["overloaded", "session_busy"] as const)
      expect(problemAnswer(new Problem(code), ID).headers).toEqual({ "Retry-After": "5" });
    expect(problemAnswer(new Problem("overloaded", { retryAfter: 1 }), ID).headers).toEqual({ "Retry-After": "1" });
  });

  test("a problem never shows its cause", () => {
    const cause = new Error("SQLITE_IOERR in /home/user/.zeroclaw/state.db");
    const { body, headers } = problemAnswer(new Problem("store_unavailable", { cause }), ID);
    expect(`${body}${JSON.stringify(headers)}`).not.toContain("SQLITE");
  });
});

describe("headers", () => {
  test("every answer forbids sniffing, framing, referrers, caching and content of its own", () => {
    expect(SECURITY_HEADERS).toMatchObject({
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
      "Referrer-Policy": "no-referrer",
      "Cache-Control": "no-store",
      "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    });
  });

  test("CORS is for one origin, never for all, never with credentials, and varies by it", () => {
    const headers = corsHeaders("https://app.example");
    expect(headers["Access-Control-Allow-Origin"]).toBe("https://app.example");
    expect(headers["Vary"]).toBe("Origin");
    expect(Object.keys(headers)).not.toContain("Access-Control-Allow-Credentials");
    expect(headers["Access-Control-Expose-Headers"]).toContain("Idempotency-Replayed");
  });

  test("a preflight allows the methods there are and the headers that handlers read", () => {
    const headers = preflightHeaders(["POST", "OPTIONS"]);
    expect(headers["Access-Control-Allow-Methods"]).toBe("POST, OPTIONS");
    for (const name of ["Authorization", "Content-Type", "Idempotency-Key", "X-Pairing-Code", "Last-Event-ID"])
      expect(headers["Access-Control-Allow-Headers"]).toContain(name);
  });
});
