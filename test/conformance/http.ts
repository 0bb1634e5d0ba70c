import { describe, expect, test } from "bun:test";
import type { Answer, GatewayClient } from "../support/gateway-client.ts";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { rawRequest } from "../support/raw-http.ts";
import { httpAccessConformance } from "./http-access.ts";
import { httpBodyConformance } from "./http-bodies.ts";
import { httpBrowserConformance } from "./http-browsers.ts";
import { httpOpenAiConformance } from "./http-openai.ts";
import { httpWorkConformance } from "./http-work.ts";

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";
const UUID = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const NUMBER = expect.any(Number);

/** The contract's HTTP, at the door of a running gateway. `command` starts it. */
export function httpConformance(command: readonly string[]): void {
  routesAndShapes(command);
  methods(command);
  answers(command);
  limits(command);
  httpAccessConformance(command);
  httpBrowserConformance(command);
  httpBodyConformance(command);
  httpWorkConformance(command);
  httpOpenAiConformance(command);
}

const EVENT = {
  event_id: UUID,
  source: "webhook",
  type: expect.any(String),
  delivery_id: null,
  state: "done",
  attempts: 1,
  session_id: "webhook",
  received_at: TIME,
  updated_at: TIME,
  size: NUMBER,
};

function routesAndShapes(command: readonly string[]): void {
  describe("every route answers with the contract's shape", () => {
    test("events: the list, one event, its body", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const event_id = (await owner.post("/webhook", { type: "deploy", status: "ok" })).field("event_id");
      await eventually("the event is done", async () => {
        return (await owner.get(`/api/events/${event_id}`)).field("state") === "done";
      });
      expect((await owner.get("/api/events")).json).toEqual({ events: [EVENT], next: null });
      expect((await owner.get(`/api/events/${event_id}`)).json).toEqual({
        ...EVENT,
        headers: expect.objectContaining({ authorization: "[redacted]", "content-type": "application/json" }),
        body: '{"type":"deploy","status":"ok"}',
        attempts_log: [{ at: TIME, outcome: "done", detail: expect.any(String) }],
        response: expect.any(String),
        replies: [],
      });
      const body = await owner.get(`/api/events/${event_id}/body`);
      expect(body.text).toBe('{"type":"deploy","status":"ok"}');
      // A stranger wrote it: no browser may take it for a page.
      expect(body.headers.get("content-type")).toBe("application/octet-stream");
      expect(body.headers.get("content-disposition")).toStartWith("attachment");
    });

    test("devices, pairing and codes", async () => {
      await using gateway = await GatewayProcess.start(command);
      const paired = await gateway.client().post("/pair", { code: gateway.code, device_name: "laptop" });
      expect(paired.json).toEqual({
        paired: true,
        persisted: true,
        token: expect.stringMatching(/^zc_[0-9a-f]{64}$/),
        device_id: UUID,
        scope: "owner",
        message: expect.any(String),
      });
      const owner = gateway.client(paired.field("token"));
      const row = {
        device_id: UUID,
        name: "laptop",
        scope: "owner",
        created_at: TIME,
        last_seen_at: TIME,
        current: true,
      };
      expect((await owner.get("/api/devices")).json).toEqual({ devices: [row] });
      const renamed = await owner.request("PATCH", `/api/devices/${paired.field("device_id")}`, { name: "desk" });
      expect(renamed.json).toEqual({ ...row, name: "desk" });
      const code = await owner.post("/api/paircodes", { scope: "chat", device_name: "phone" });
      expect(code.json).toEqual({ code: expect.stringMatching(/^[A-Z]{4}-\d{4}-[A-Z]{4}$/), expires_at: TIME });
    });

    test("config, history, metrics, openapi", async () => {
      await using gateway = await GatewayProcess.start(command, { config: '[agent]\napi_key = "sk-very-secret"\n' });
      const owner = await gateway.owner();
      const config = await owner.get("/api/config");
      const port = config.rows("settings").find(({ key }) => key === "gateway.port");
      expect(port).toMatchObject({ key: "gateway.port", value: 0, source: "flag" });
      expect(config.text).not.toContain("sk-very-secret");
      expect((await owner.get("/api/history")).json).toEqual({ history: [] });
      const metrics = await owner.get("/metrics");
      expect(metrics.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      expect(metrics.text).toMatch(/^# TYPE zeroclaw_http_requests_total counter$/m);
      for (const line of metrics.text.trimEnd().split("\n")) {
        expect(line).toMatch(/^(# (HELP|TYPE) .+|[a-z_]+(\{[^}]*\})? [0-9.e+-]+)$/);
      }
      expect((await owner.get("/api/openapi.json")).json["openapi"]).toMatch(/^3\.1\./);
    });

    test("openapi.json lists the routes: each of its paths is there, and refuses nobody as unknown", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const { paths } = (await gateway.client().get("/api/openapi.json")).json;
      const listed = Object.entries(paths as Record<string, object>); // an OpenAPI document has an object here
      expect(listed.length).toBeGreaterThan(15);
      for (const [path, operations] of listed) {
        for (const method of Object.keys(operations)) {
          const answer = await gateway.client().request(method.toUpperCase(), path.replace(/\{\w+\}/g, "x"));
          const unknown = answer.text.includes(`There is nothing at ${method.toUpperCase()}`);
          const missing = unknown || answer.status === 405;
          expect({ path, method, missing }).toMatchObject({ missing: false });
        }
      }
    });

    test("GET / says what this is", async () => {
      await using gateway = await GatewayProcess.start(command);
      const { status, text } = await gateway.client().get("/");
      expect(status).toBe(200);
      expect(text).toContain("ZeroClaw Gateway");
    });
  });
}

const READS = [
  "/health",
  "/",
  "/api/status",
  "/api/openapi.json",
  "/api/events",
  "/api/sessions",
  "/api/devices",
  "/api/config",
  "/api/history",
  "/metrics",
] as const;

/** Every address with its methods; `x` stands for an id that nothing has. */
const METHODS: readonly (readonly [string, readonly string[]])[] = [
  ...READS.map((path) => [path, ["GET", "HEAD"]] as const),
  ["/pair", ["POST"]],
  ["/webhook", ["POST"]],
  ["/api/message", ["POST"]],
  ["/api/paircodes", ["POST"]],
  ["/api/stream", ["GET", "HEAD"]],
  ["/api/runs/x", ["GET", "HEAD", "DELETE"]],
  ["/api/sessions/x", ["GET", "HEAD", "DELETE"]],
  ["/api/events/x", ["GET", "HEAD"]],
  ["/api/events/x/body", ["GET", "HEAD"]],
  ["/api/devices/x", ["PATCH", "DELETE"]],
];

/** RFC 9457's members and ours. */
function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
  const problem = answer.json;
  expect(problem).toEqual({
    type: `urn:zeroclaw:problem:${code}`,
    title: expect.stringMatching(/\S/),
    status,
    detail: expect.stringMatching(/\S/),
    code,
    request_id: answer.headers.get("x-request-id"),
    error: problem["detail"],
  });
  expect(answer.status).toBe(status);
}

function methods(command: readonly string[]): void {
  describe("methods and addresses", () => {
    test("HEAD works wherever GET does: the same status and type, and no body", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      for (const path of READS) {
        const [get, head] = [await owner.get(path), await owner.request("HEAD", path)];
        const shown = ({ status, headers }: Answer) => ({ path, status, type: headers.get("content-type") });
        expect(shown(head)).toEqual(shown(get));
        expect(head.bytes).toHaveLength(0);
      }
      const stream = await owner.request("HEAD", "/api/stream"); // a stream that never ends, but for HEAD
      expect({ status: stream.status, size: stream.bytes.length }).toEqual({ status: 200, size: 0 });
      const missing = await owner.request("HEAD", "/api/events/x");
      expect({ status: missing.status, size: missing.bytes.length }).toEqual({ status: 404, size: 0 });
    });

    test("another method is 405 with Allow, another path 404, as application/problem+json", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const headers = { Authorization: `Bearer ${await gateway.pair()}` };
      for (const [path, methods] of METHODS) {
        for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "PURGE"].filter(
          (one) => !methods.includes(one),
        )) {
          const answer = await rawRequest(gateway.port, { method, path, headers });
          const allow = answer.headers.get("allow")?.split(", ").sort();
          expect({ method, path, allow }).toEqual({ method, path, allow: [...methods, "OPTIONS"].sort() });
          expectProblem(answer, 405, "method_not_allowed");
        }
      }
      for (const path of [
        "/nothing",
        "/api",
        "/API/status",
        "/api/status/",
        "//health",
        "/api/events/x/y",
        "/local/paircode",
      ]) {
        expectProblem(await rawRequest(gateway.port, { path, headers }), 404, "not_found");
      }
    });

    test("OPTIONS says what an address takes", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      for (const [path, methods] of METHODS) {
        const { status, headers } = await gateway.client().request("OPTIONS", path);
        const allow = headers.get("allow")?.split(", ").sort();
        expect({ path, status, allow }).toEqual({ path, status: 204, allow: [...methods, "OPTIONS"].sort() });
      }
    });
  });
}

function answers(command: readonly string[]): void {
  describe("answers", () => {
    test("what is not there is 404 for whoever may ask, and tells nobody else whether it is there", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      for (const path of ["/api/runs/x", "/api/sessions/x", "/api/events/x", "/api/events/x/body"]) {
        expectProblem(await owner.get(path), 404, "not_found");
        expectProblem(await gateway.client().get(path), 401, "unauthorized");
      }
      expectProblem(await owner.delete("/api/devices/x"), 404, "not_found");
      expectProblem(await owner.request("PATCH", "/api/devices/x", { name: "y" }), 404, "not_found");
    });

    test("every answer has the security headers and a request id of its own", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const answers = [await owner.get("/health"), await owner.get("/api/events"), await owner.get("/nothing")];
      for (const { headers } of answers) {
        expect(headers.get("x-content-type-options")).toBe("nosniff");
        expect(headers.get("cache-control")).toBe("no-store");
        expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
        expect(headers.get("access-control-allow-origin")).toBeNull();
      }
      expect(new Set(answers.map(({ headers }) => headers.get("x-request-id"))).size).toBe(3);
    });

    test("a list is paged: limit is kept, next leads on, and a bad limit, since, state or cursor is told", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      for (let i = 0; i < 5; i += 1) await owner.post("/webhook", { i });
      const first = await owner.get("/api/events?limit=2");
      const second = await owner.get(`/api/events?limit=2&after=${encodeURIComponent(first.field("next"))}`);
      const third = await owner.get(`/api/events?limit=2&after=${encodeURIComponent(second.field("next"))}`);
      const ids = [first, second, third].flatMap((page) => page.rows("events").map(({ event_id }) => String(event_id)));
      expect(ids).toHaveLength(5);
      expect(ids).toEqual(ids.toSorted().reverse()); // newest first: ids sort by time
      expect(third.json["next"]).toBeNull();
      for (const query of ["limit=0", "limit=x", "limit=1e9", "since=yesterday", "state=lost"]) {
        expectProblem(await owner.get(`/api/events?${query}`), 400, "bad_field");
      }
      for (const [query, count] of [
        ["since=1h", 5],
        ["source=github", 0],
        ["source=webhook", 5],
        ["state=dead", 0],
      ] as const) {
        expect({ query, count: (await owner.get(`/api/events?${query}`)).rows("events").length }).toEqual({
          query,
          count,
        });
      }
      expect((await owner.get("/api/events?after=nonsense")).status).toBeLessThan(500);
    });
  });
}

async function statusesOf(times: number, ask: () => Promise<Answer>): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i += 1) statuses.push((await ask()).status);
  return statuses;
}

function limits(command: readonly string[]): void {
  const small = "[gateway.rate_limit]\nmax_requests_per_window = 2\n";

  describe("rate limits", () => {
    test("reads with a token have a window of their own, ten times as large", async () => {
      await using gateway = await GatewayProcess.start(command, { config: small });
      const owner = await gateway.owner();
      const first = await owner.get("/api/devices");
      expect(first.headers.get("ratelimit-policy")).toBe('"reads";q=20;w=60');
      expect(first.headers.get("ratelimit")).toMatch(/^"reads";r=19;t=\d+$/);
      expect(await statusesOf(20, () => owner.get("/api/devices"))).toEqual([...Array(19).fill(200), 429]);
      expect((await owner.post("/webhook", {})).status).toBe(202);
    });

    test("what a stranger asks counts in full, whatever it is, and a wrong token does not help", async () => {
      await using gateway = await GatewayProcess.start(command, { config: small });
      const wrong = gateway.client(`zc_${"1".repeat(64)}`);
      const asked = [
        () => gateway.client().get("/api/status"),
        () => wrong.get("/api/status"),
        () => wrong.get("/nothing"),
      ];
      const statuses = [];
      for (const ask of asked) statuses.push((await ask()).status);
      expect(statuses).toEqual([200, 401, 429]);
    });

    test("/pair has 10 a minute for an address, whatever the configuration says, and its own counter", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const pair = () => gateway.client().post("/pair", "");
      const first = await pair();
      expect(first.headers.get("ratelimit-policy")).toBe('"pair";q=10;w=60');
      expect(await statusesOf(10, pair)).toEqual([...Array(9).fill(400), 429]);
      expect((await gateway.client().get("/api/status")).status).toBe(200);
    });

    test("a refusal says how long to wait, in Retry-After and in words, and is a problem like any other", async () => {
      await using gateway = await GatewayProcess.start(command, { config: small });
      const owner = await gateway.owner();
      await statusesOf(2, () => owner.post("/webhook", {}));
      const refused = await owner.post("/webhook", {});
      expectProblem(refused, 429, "rate_limited");
      const wait = refused.headers.get("retry-after");
      expect(wait).toMatch(/^[1-9]\d?$/);
      expect(refused.field("detail")).toContain(`Wait ${wait} s`);
      expect(refused.headers.get("ratelimit")).toMatch(/^"default";r=0;t=[1-9]\d?$/);
    });

    test("WebSocket messages count in the same window as requests", async () => {
      await using gateway = await GatewayProcess.start(command, { config: small });
      const owner: GatewayClient = await gateway.owner();
      await statusesOf(2, () => owner.post("/webhook", {}));
      const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`);
      const frame = await new Promise<string>((resolve, reject) => {
        socket.onopen = () => socket.send(JSON.stringify({ type: "message", content: "Hello", token: owner.token }));
        socket.onmessage = ({ data }) => resolve(String(data));
        socket.onerror = () => reject(new Error("Cannot open a WebSocket"));
      });
      socket.close();
      expect(JSON.parse(frame)).toMatchObject({ type: "error", code: "rate_limited", retry_after: expect.any(Number) });
    });
  });
}
