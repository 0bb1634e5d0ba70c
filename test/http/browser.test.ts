import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type BrowserRequest,
  type BrowserRules,
  checkBrowser,
  hostName,
  normalOrigin,
} from "../../src/http/browser.ts";
import { Problem } from "../../src/protocol/problem.ts";

const RULES: BrowserRules = {
  allowedOrigins: new Set(["https://app.example", "http://tools.example:3000"]),
  allowedHosts: new Set(["gateway.lan", "public.example"]),
  publicOrigin: "https://public.example",
};

const PLAIN: BrowserRequest = {
  method: "GET",
  path: "/api/status",
  origin: null,
  host: "127.0.0.1:8585",
  fetchSite: null,
  fetchMode: null,
  hasToken: false,
};

/** `ok`, `cors <origin>`, or the code of the refusal. */
function outcome(request: Partial<BrowserRequest>, rules: BrowserRules = RULES): string {
  try {
    const cors = checkBrowser({ ...PLAIN, ...request }, rules);
    return cors === null ? "ok" : `cors ${cors}`;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

const FORBIDDEN = "forbidden_origin";
const MISDIRECTED = "misdirected_host";

describe("checkBrowser with an Origin", () => {
  test.each([
    ["http://127.0.0.1:8585", "127.0.0.1:8585", "ok"],
    ["https://127.0.0.1:8585", "127.0.0.1:8585", "ok"],
    ["HTTP://LOCALHOST:8585", "localhost:8585", "ok"],
    ["http://localhost", "localhost:80", "ok"],
    ["http://localhost", "localhost", "ok"],
    ["https://gateway.lan", "gateway.lan", "ok"],
    ["https://gateway.lan", "gateway.lan:443", "ok"],
    ["http://[::1]:8585", "[::1]:8585", "ok"],
    ["https://public.example", "127.0.0.1:8585", "ok"],
    ["https://app.example", "127.0.0.1:8585", "cors https://app.example"],
    ["http://tools.example:3000", "localhost:8585", "cors http://tools.example:3000"],
    ["http://127.0.0.1:9999", "127.0.0.1:8585", FORBIDDEN],
    ["http://localhost:8585", "127.0.0.1:8585", FORBIDDEN],
    ["http://app.example", "127.0.0.1:8585", FORBIDDEN],
    ["https://app.example:8443", "127.0.0.1:8585", FORBIDDEN],
    ["https://app.example.evil.example", "127.0.0.1:8585", FORBIDDEN],
    ["https://evil.example", "127.0.0.1:8585", FORBIDDEN],
    ["http://public.example", "127.0.0.1:8585", FORBIDDEN],
    ["null", "127.0.0.1:8585", FORBIDDEN],
    ["", "127.0.0.1:8585", FORBIDDEN],
    ["*", "127.0.0.1:8585", FORBIDDEN],
    ["127.0.0.1:8585", "127.0.0.1:8585", FORBIDDEN],
    ["file://", "127.0.0.1:8585", FORBIDDEN],
    ["chrome-extension://abcdef", "127.0.0.1:8585", FORBIDDEN],
    ["http://127.0.0.1:8585, http://evil.example", "127.0.0.1:8585", FORBIDDEN],
    // A name that was rebound to this machine equals its own Host, so the name itself has to be known.
    ["http://evil.example:8585", "evil.example:8585", MISDIRECTED],
    ["https://app.example", "evil.example", MISDIRECTED],
    ["http://127.0.0.1:8585", "127.0.0.1:8585, evil.example", MISDIRECTED],
  ])("%s at the host %s: %s", (origin, host, expected) => {
    for (const method of ["GET", "POST", "DELETE", "OPTIONS"])
      for (const path of ["/api/message", "/ws", "/pair"])
        for (const hasToken of [true, false]) expect(outcome({ origin, host, method, path, hasToken })).toBe(expected);
  });

  test("is checked against the Host on /health and /webhook/* too", () => {
    for (const path of ["/health", "/webhook/github"]) {
      expect(outcome({ origin: "http://evil.example", host: "evil.example", path })).toBe(MISDIRECTED);
      expect(outcome({ origin: "http://evil.example", path })).toBe(FORBIDDEN);
    }
  });

  test("no public_url matches nothing", () => {
    const rules = { ...RULES, publicOrigin: null };
    expect(outcome({ origin: "null" }, rules)).toBe(FORBIDDEN);
    expect(outcome({ origin: "https://public.example" }, rules)).toBe(FORBIDDEN);
  });

  test("without a Host is refused", () => {
    expect(outcome({ origin: "http://127.0.0.1:8585", host: null })).toBe(MISDIRECTED);
  });
});

describe("checkBrowser without an Origin", () => {
  test.each([
    ["localhost:8585", "ok"],
    ["LocalHost", "ok"],
    ["localhost.:8585", "ok"],
    ["console.localhost:8585", "ok"],
    ["127.0.0.1", "ok"],
    ["192.168.1.100:8585", "ok"],
    ["[::1]:8585", "ok"],
    ["[fe80::1]", "ok"],
    ["gateway.lan:8585", "ok"],
    ["PUBLIC.example", "ok"],
    ["evil.example", MISDIRECTED],
    ["localhost.evil.example", MISDIRECTED],
    ["evillocalhost", MISDIRECTED],
    ["127.0.0.1.evil.example", MISDIRECTED],
    ["[::1].evil.example", MISDIRECTED],
    ["gateway.lan.evil.example", MISDIRECTED],
    ["[::1", MISDIRECTED],
    ["[evil]", MISDIRECTED],
    ["", MISDIRECTED],
    [null, MISDIRECTED],
  ])("a read without a token at the host %p: %s", (host, expected) => {
    for (const method of ["GET", "HEAD"]) expect(outcome({ method, host })).toBe(expected);
  });

  test("does not look at the Host of writes, of reads with a token, of /health and of /webhook/*", () => {
    const host = "10-0-0-7.some.proxy.example";
    expect(outcome({ host, method: "POST", path: "/pair" })).toBe("ok");
    expect(outcome({ host, hasToken: true })).toBe("ok");
    expect(outcome({ host, path: "/health" })).toBe("ok");
    expect(outcome({ host, path: "/webhook/whatsapp" })).toBe("ok");
    expect(outcome({ host, path: "/webhookx" })).toBe(MISDIRECTED);
    expect(outcome({ host, path: "/healthz" })).toBe(MISDIRECTED);
  });

  test.each(["cross-site", "same-site", "", "Same-Origin", "garbage"])(
    "Sec-Fetch-Site %p may only navigate to GET /",
    (fetchSite) => {
      expect(outcome({ fetchSite, path: "/", fetchMode: "navigate" })).toBe("ok");
      expect(outcome({ fetchSite, path: "/", fetchMode: "navigate", method: "HEAD" })).toBe("ok");
      expect(outcome({ fetchSite, path: "/", fetchMode: "navigate", method: "POST" })).toBe(FORBIDDEN);
      expect(outcome({ fetchSite, path: "/", fetchMode: "no-cors" })).toBe(FORBIDDEN);
      expect(outcome({ fetchSite, path: "/", fetchMode: null })).toBe(FORBIDDEN);
      expect(outcome({ fetchSite, path: "/api/status", fetchMode: "navigate" })).toBe(FORBIDDEN);
      expect(outcome({ fetchSite, path: "/health", fetchMode: "no-cors" })).toBe(FORBIDDEN);
      expect(outcome({ fetchSite, path: "/webhook/github", method: "POST", fetchMode: "cors" })).toBe(FORBIDDEN);
      expect(outcome({ fetchSite, hasToken: true, fetchMode: "cors" })).toBe(FORBIDDEN);
    },
  );

  test.each(["same-origin", "none"])("Sec-Fetch-Site %s is the gateway's own page or a person", (fetchSite) => {
    expect(outcome({ fetchSite, fetchMode: "cors", method: "POST" })).toBe("ok");
    expect(outcome({ fetchSite, fetchMode: "navigate", host: "evil.example" })).toBe(MISDIRECTED);
  });

  test("other Sec-Fetch-* headers make nobody a browser: Node sends them", () => {
    expect(outcome({ fetchMode: "cors", method: "POST", path: "/api/message", hasToken: true })).toBe("ok");
  });
});

describe("checkBrowser, whatever is sent", () => {
  const text = fc.oneof(
    fc.constant(null),
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.webUrl(),
    fc.domain(),
    fc.constantFrom("null", "http://127.0.0.1:8585", "https://app.example", "localhost", "cross-site", "navigate"),
  );
  const request = fc.record({
    method: fc.constantFrom("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PATCH"),
    path: fc.constantFrom("/", "/health", "/pair", "/ws", "/api/message", "/webhook/github"),
    origin: text,
    host: text,
    fetchSite: text,
    fetchMode: text,
    hasToken: fc.boolean(),
  });

  test("throws nothing but the two refusals, and gives CORS to allowed origins only", () => {
    fc.assert(
      fc.property(request, (asked) => {
        const result = outcome(asked);
        expect(["ok", FORBIDDEN, MISDIRECTED, `cors ${asked.origin}`]).toContain(result);
        if (result.startsWith("cors"))
          expect(RULES.allowedOrigins.has(normalOrigin(asked.origin ?? "") ?? "")).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("lets no Origin in that is neither the Host, nor public_url, nor allowed", () => {
    fc.assert(
      fc.property(request, fc.domain(), (asked, domain) => {
        const origin = `https://${domain}`;
        fc.pre(domain !== "app.example" && domain !== "public.example");
        expect(outcome({ ...asked, origin, host: "127.0.0.1:8585" })).toBe(FORBIDDEN);
      }),
    );
  });

  test("writes what it found without control characters and shortened", () => {
    const origin = `http://evil.example/\u001b[31m${"x".repeat(300)}`;
    try {
      checkBrowser({ ...PLAIN, origin }, RULES);
      expect.unreachable();
    } catch (error) {
      const { message } = error as Problem; // see the test before: nothing else is thrown
      expect(message).toContain("gateway.allowed_origins");
      expect(message).not.toMatch(/[\u0000-\u001f]/);
      expect(message.length).toBeLessThan(300);
    }
  });
});

describe("normalOrigin", () => {
  test.each([
    ["HTTPS://App.Example:443", "https://app.example"],
    ["http://h:80", "http://h"],
    ["http://h:8585", "http://h:8585"],
    ["https://bücher.example", "https://xn--bcher-kva.example"],
    ["app.example", null],
    ["mailto:a@b", null],
    ["http:h", null],
    ["about:blank", null],
  ])("%s is %p", (origin, expected) => {
    expect(normalOrigin(origin)).toBe(expected);
  });
});

describe("hostName", () => {
  test.each([
    ["LOCALHOST:8585", "localhost"],
    ["h.example.", "h.example"],
    ["[::1]:80", "[::1]"],
    ["127.0.0.1", "127.0.0.1"],
    ["", ""],
  ])("of %p is %p", (host, expected) => {
    expect(hostName(host)).toBe(expected);
  });
});
