import { describe, expect, test } from "bun:test";
import type { Answer } from "../support/gateway-client.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { type RawRequest, rawRequest } from "../support/raw-http.ts";

const CONFIG = `[gateway]
public_url = "https://agent.example.com"
allowed_origins = ["https://app.example.com", "http://localhost:3000"]
allowed_hosts = ["box.lan"]

[gateway.rate_limit]
enabled = false
`;

interface Case {
  readonly what: string;
  readonly headers: Readonly<Record<string, string | null>>;
  /** @default "/api/status" */
  readonly path?: string;
  /** @default "GET" */
  readonly method?: string;
  readonly token?: true;
  readonly status: number;
  readonly code?: string;
}

const OK = 200;
const FOREIGN = { status: 403, code: "forbidden_origin" } as const;
const MISDIRECTED = { status: 421, code: "misdirected_host" } as const;

const ORIGINS: readonly Case[] = [
  { what: "no Origin: no browser", headers: {}, status: OK },
  { what: "the gateway's own page", headers: { Origin: "http://{self}" }, status: OK },
  { what: "its own page behind a proxy with TLS", headers: { Origin: "https://{self}" }, status: OK },
  { what: "public_url", headers: { Origin: "https://agent.example.com" }, status: OK },
  { what: "an allowed origin", headers: { Origin: "https://app.example.com" }, status: OK },
  { what: "a foreign page", headers: { Origin: "https://evil.example" }, ...FOREIGN },
  { what: "a foreign page on this machine", headers: { Origin: "http://127.0.0.1:1" }, ...FOREIGN },
  { what: "a foreign page that has a token", headers: { Origin: "https://evil.example" }, token: true, ...FOREIGN },
  { what: "a sandboxed page or file", headers: { Origin: "null" }, ...FOREIGN },
  { what: "an empty Origin", headers: { Origin: "" }, ...FOREIGN },
  { what: "an allowed origin's lookalike", headers: { Origin: "https://app.example.com.evil.example" }, ...FOREIGN },
  { what: "an allowed origin with another scheme", headers: { Origin: "http://app.example.com" }, ...FOREIGN },
  { what: "an allowed origin with another port", headers: { Origin: "http://localhost:3001" }, ...FOREIGN },
  {
    what: "a foreign page that posts",
    headers: { Origin: "https://evil.example" },
    method: "POST",
    path: "/pair",
    ...FOREIGN,
  },
  {
    what: "a foreign page that asks for health",
    headers: { Origin: "https://evil.example" },
    path: "/health",
    ...FOREIGN,
  },
];

const SITES: readonly Case[] = [
  { what: "cross-site without Origin", headers: { "Sec-Fetch-Site": "cross-site" }, ...FOREIGN },
  { what: "same-site is another site too", headers: { "Sec-Fetch-Site": "same-site" }, ...FOREIGN },
  { what: "same-origin", headers: { "Sec-Fetch-Site": "same-origin" }, status: OK },
  { what: "typed into the address bar", headers: { "Sec-Fetch-Site": "none" }, status: OK },
  {
    what: "a link to the console",
    headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" },
    path: "/",
    status: OK,
  },
  {
    what: "a link to anything else",
    headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" },
    ...FOREIGN,
  },
  { what: "Sec-Fetch-Mode alone, as Node sends it", headers: { "Sec-Fetch-Mode": "cors" }, status: OK },
];

const HOSTS: readonly Case[] = [
  { what: "localhost", headers: { Host: "localhost:1" }, status: OK },
  { what: "LOCALHOST.", headers: { Host: "LOCALHOST.:1" }, status: OK },
  { what: "a name below localhost", headers: { Host: "agent.localhost" }, status: OK },
  { what: "an IPv4 address", headers: { Host: "192.0.2.1:8585" }, status: OK },
  { what: "an IPv6 address", headers: { Host: "[::1]:8585" }, status: OK },
  { what: "public_url", headers: { Host: "agent.example.com" }, status: OK },
  { what: "an allowed host", headers: { Host: "box.lan:8585" }, status: OK },
  { what: "a name rebound to this machine", headers: { Host: "evil.example" }, ...MISDIRECTED },
  { what: "the same with its port", headers: { Host: "evil.example:8585" }, ...MISDIRECTED },
  { what: "a name that begins like an address", headers: { Host: "127.0.0.1.evil.example" }, ...MISDIRECTED },
  { what: "a name that begins like localhost", headers: { Host: "localhost.evil.example" }, ...MISDIRECTED },
  {
    what: "a rebound page's request, which is of its own origin",
    headers: { Host: "evil.example", Origin: "http://evil.example" },
    ...MISDIRECTED,
  },
  {
    what: "the same with a token",
    headers: { Host: "evil.example", Origin: "http://evil.example" },
    token: true,
    ...MISDIRECTED,
  },
  {
    what: "a rebound page that posts",
    headers: { Host: "evil.example", Origin: "http://evil.example" },
    method: "POST",
    path: "/pair",
    ...MISDIRECTED,
  },
  { what: "no browser, with a token, by any name", headers: { Host: "evil.example" }, token: true, status: OK },
  { what: "a health check by any name", headers: { Host: "evil.example" }, path: "/health", status: OK },
  {
    what: "X-Forwarded-Host from somebody who is no trusted proxy",
    headers: { Host: "evil.example", "X-Forwarded-Host": "localhost" },
    ...MISDIRECTED,
  },
];

/** Web pages: what they may do, and what a rebound name finds (contract §3, "Browsers"). */
export function httpBrowserConformance(command: readonly string[]): void {
  describe("web pages", () => {
    async function check(cases: readonly Case[]): Promise<void> {
      await using gateway = await GatewayProcess.start(command, { config: CONFIG });
      const token = await gateway.pair();
      for (const { what, headers, path = "/api/status", method = "GET", token: withToken, status, code } of cases) {
        const sent = Object.entries(headers).map(([name, value]) => [
          name,
          value?.replace("{self}", `127.0.0.1:${gateway.port}`) ?? null,
        ]);
        const auth = withToken ? { Authorization: `Bearer ${token}` } : {};
        const request: RawRequest = { path, method, headers: { ...Object.fromEntries(sent), ...auth } };
        const answer = await rawRequest(gateway.port, request);
        expect({ what, status: answer.status, code: codeOf(answer) }).toEqual({ what, status, code });
      }
    }

    test("Origin must be the gateway's own, public_url or an allowed one", () => check(ORIGINS));
    test("a cross-site request without Origin may only be a link to the console", () => check(SITES));
    test("Host must be a local name, an address, or a configured name, so that DNS rebinding finds nothing", () =>
      check(HOSTS));

    test("a refusal names the setting that would allow it", async () => {
      await using gateway = await GatewayProcess.start(command);
      const origin = await rawRequest(gateway.port, { path: "/api/status", headers: { Origin: "https://x.example" } });
      expect(origin.field("detail")).toContain("gateway.allowed_origins");
      const host = await rawRequest(gateway.port, { path: "/api/status", headers: { Host: "x.example" } });
      expect(host.field("detail")).toContain("gateway.allowed_hosts");
    });

    test("an allowed origin gets CORS, with its preflight, on answers and on refusals; nobody else does", async () => {
      await using gateway = await GatewayProcess.start(command, { config: CONFIG });
      const Origin = "https://app.example.com";
      const preflight = await rawRequest(gateway.port, {
        method: "OPTIONS",
        path: "/api/message",
        headers: { Origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization" },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get("access-control-allow-origin")).toBe(Origin);
      expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
      expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase()).toContain("authorization");
      expect(preflight.headers.get("vary")).toContain("Origin");
      const refused = await rawRequest(gateway.port, {
        method: "POST",
        path: "/api/message",
        headers: { Origin },
        body: "{}",
      });
      expect({ status: refused.status, cors: refused.headers.get("access-control-allow-origin") }).toEqual({
        status: 401,
        cors: Origin,
      });
      expect(refused.headers.get("access-control-allow-credentials")).toBeNull();
      const own = await rawRequest(gateway.port, {
        path: "/health",
        headers: { Origin: `http://127.0.0.1:${gateway.port}` },
      });
      expect(own.headers.get("access-control-allow-origin")).toBeNull();
      const foreign = await rawRequest(gateway.port, {
        method: "OPTIONS",
        path: "/api/message",
        headers: { Origin: "https://evil.example", "Access-Control-Request-Method": "POST" },
      });
      expect({ status: foreign.status, cors: foreign.headers.get("access-control-allow-origin") }).toEqual({
        status: 403,
        cors: null,
      });
    });

    test("X-Forwarded-For and X-Forwarded-Host are believed from trusted proxies only, and read from the right", async () => {
      const limit = "[gateway.rate_limit]\nmax_requests_per_window = 1\n";
      const proxies = '[gateway]\ntrusted_proxies = ["127.0.0.0/29"]\n';
      await using trusting = await GatewayProcess.start(command, { config: proxies + limit });
      const status = async (gateway: GatewayProcess, forwarded: string, more: Record<string, string> = {}) =>
        (await rawRequest(gateway.port, { path: "/api/status", headers: { "X-Forwarded-For": forwarded, ...more } }))
          .status;
      expect(await status(trusting, "198.51.100.1")).toBe(200);
      expect(await status(trusting, "203.0.113.9, 198.51.100.1")).toBe(429); // the left one was the client's to write
      expect(await status(trusting, "198.51.100.1, 127.0.0.3")).toBe(429); // a second trusted proxy on the way
      expect(await status(trusting, "198.51.100.2")).toBe(200);
      const named = { Host: "inner.name", "X-Forwarded-Host": "localhost" };
      expect(await status(trusting, "198.51.100.3", named)).toBe(200);
      await using wary = await GatewayProcess.start(command, { config: limit });
      expect([await status(wary, "198.51.100.1"), await status(wary, "198.51.100.2")]).toEqual([200, 429]);
    });
  });
}

function codeOf(answer: Answer): unknown {
  return answer.status < 400 ? undefined : answer.json["code"];
}
