import { describe, expect, test } from "bun:test";
import { quiet } from "../support/agent.ts";
import { Answer } from "../support/gateway-client.ts";
import { ADDRESS, Door, storeWith } from "../support/services.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const CORS = '[gateway]\nallowed_origins = ["https://app.example"]\n[gateway.rate_limit]\nenabled = false\n';

/** A body that is on its way: nothing of it has come, and nothing will until `end`. */
function pending() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  let over = false;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: () => {
      over = true;
    },
  });
  const send = (size: number) => over || controller.enqueue(new Uint8Array(size));
  const end = () => over || controller.close();
  return { body, send, end };
}

async function codeOf(response: Response | undefined): Promise<unknown> {
  const body: unknown = await response?.json();
  return typeof body === "object" && body !== null && "code" in body ? body.code : undefined;
}

describe("every answer", () => {
  test("has the security headers and a request id, which the log has too", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    for (const answer of [
      await owner.get("/health"),
      await owner.get("/nothing"),
      await owner.post("/webhook", { a: 1 }),
    ]) {
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("x-frame-options")).toBe("DENY");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      const id = answer.headers.get("x-request-id") ?? "";
      expect(id).toMatch(UUID);
      expect(door.lines.join("")).toContain(`"request_id":"${id}"`);
    }
  });

  test("that refuses is a problem with a code, and its detail twice", async () => {
    await using door = await Door.open();
    const { status, headers, json } = await door.client().get("/nothing");
    expect([status, headers.get("content-type")]).toEqual([404, "application/problem+json; charset=utf-8"]);
    expect(json).toEqual({
      type: "urn:zeroclaw:problem:not_found",
      title: "There is nothing at this address",
      status: 404,
      detail: "There is nothing at GET /nothing.",
      code: "not_found",
      request_id: headers.get("x-request-id"),
      error: "There is nothing at GET /nothing.",
    });
  });

  test("shows a long path shortened", async () => {
    await using door = await Door.open();
    const { json } = await door.client().get(`/${"x".repeat(5_000)}`);
    expect(String(json["detail"]).length).toBeLessThan(200);
  });

  test("of a failure of ours is 500 and says nothing of it; the log has it under the request's id", async () => {
    let broken = false;
    const list = () => Promise.reject(new TypeError("planted failure in /home/somebody"));
    await using door = await Door.open({
      store: (store) =>
        storeWith(store, (name) => (name === "sessions" && broken ? { ...store.sessions, list } : undefined)),
    });
    const owner = await door.paired();
    broken = true;
    const refused = await owner.get("/api/sessions");
    broken = false;
    expect([refused.status, refused.json["code"]]).toEqual([500, "internal"]);
    expect(refused.text).not.toContain("planted");
    const line = door.lines.find((one) => one.includes("planted failure"));
    expect(line).toContain(refused.field("request_id"));
    expect(line).toContain('"route":"/api/sessions"');
  });
});

describe("methods", () => {
  test("wrong ones are 405 with Allow, OPTIONS is 204 with Allow, HEAD is GET", async () => {
    await using door = await Door.open();
    const refused = await door.client().request("PUT", "/webhook");
    expect([refused.status, refused.json["code"], refused.headers.get("allow")]).toEqual([
      405,
      "method_not_allowed",
      "POST, OPTIONS",
    ]);
    const asked = await door.client().request("OPTIONS", "/health");
    expect([asked.status, asked.text, asked.headers.get("allow")]).toEqual([204, "", "GET, HEAD, OPTIONS"]);
    expect((await door.client().request("HEAD", "/health")).status).toBe(200);
    expect((await door.client().request("OPTIONS", "/nothing")).status).toBe(404);
  });
});

describe("CORS", () => {
  const PAGE = { Origin: "https://app.example" };

  test("is for pages of allowed origins: preflight, answer and refusal alike", async () => {
    await using door = await Door.open({ config: CORS });
    const owner = await door.paired();
    const preflight = await door.client().request("OPTIONS", "/api/message", undefined, PAGE);
    expect(preflight.headers.get("access-control-allow-methods")).toBe("POST, OPTIONS");
    expect(preflight.headers.get("access-control-allow-headers")).toContain("Authorization");
    const answers = [
      preflight,
      await owner.post("/api/message", { message: "Hi" }, PAGE),
      await door.client().get("/nothing", PAGE),
    ];
    for (const { headers } of answers) {
      expect(headers.get("access-control-allow-origin")).toBe("https://app.example");
      expect(headers.get("vary")).toBe("Origin");
      expect(headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    }
  });

  test("is for nobody else: not for the gateway's own page, which needs none, nor for who sends no Origin", async () => {
    await using door = await Door.open({ config: CORS });
    for (const headers of [{}, { Origin: `http://${ADDRESS}` }]) {
      const answer = await door.client().get("/api/status", headers);
      expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, null]);
    }
    const preflight = await door
      .client()
      .request("OPTIONS", "/api/message", undefined, { Origin: "https://evil.example" });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([403, null]);
  });
});

describe("what comes in", () => {
  test("without a usable host is 400, whatever else it has", async () => {
    await using door = await Door.open();
    const bare = new Proxy(new Request(`http://${ADDRESS}/health`), {
      get: (request, name) => (name === "url" ? "/health" : Reflect.get(request, name, request)),
    }); // Bun gives a bare path for a Host such as "a b"
    const response = await door.handle(bare);
    expect([response?.status, await codeOf(response)]).toEqual([400, "bad_request"]);
  });

  test("is held back until the gateway is ready, and then answered", async () => {
    await using door = await Door.open({ ready: false });
    const early = [door.client().get("/health"), door.local().get("/local/paircode")];
    expect(await Promise.race([...early, quiet()])).toBeUndefined();
    door.letIn();
    const [health, paircode] = await Promise.all(early);
    expect([health?.status, paircode?.json["code"]]).toEqual([200, door.code]);
  });

  test.each([
    ["/api/status?token={token}", 400],
    ["/ws?access_token={token}", 400],
    ["/webhook?x=1&anything={token}", 400],
    ["/pair?code={code}", 400],
    ["/pair?pairing_code={code}&x", 400],
    ["/api/status?code=github-oauth-code", 200],
    ["/api/status?q=ABCD-1234-EFGH", 200],
    ["/api/status?q=zc_123", 200],
  ])("with a secret in the URL is told so: %s", async (path, status) => {
    await using door = await Door.open();
    const owner = await door.paired();
    const url = path.replace("{token}", owner.token ?? "").replace("{code}", door.code.toLowerCase());
    const asked = await door.client().get(url);
    expect({ url, status: asked.status }).toEqual({ url, status });
    if (status === 400) expect(asked.json["code"]).toBe("token_in_url");
    expect(door.lines.join("")).not.toContain(owner.token ?? "");
  });

  test("takes room by being announced at first, then by coming: who only announces costs the others nothing", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const other = await door.paired("ingest");
    const bodies = Array.from({ length: 1_024 }, pending);
    const headers = { "Content-Length": "65536", Authorization: `Bearer ${owner.token}`, Host: ADDRESS };
    const send = (body: ReadableStream<Uint8Array>) =>
      door.handle(new Request(`http://${ADDRESS}/webhook`, { method: "POST", body, headers }));
    const held = bodies.map(({ body }) => send(body));
    await quiet();
    expect((await owner.post("/webhook", "x", { "Content-Length": "1" })).status).toBe(202);
    for (const { send: more } of bodies) more(60_000); // now it comes: past its address's share it is refused
    await quiet();
    const refused = await owner.post("/webhook", "x".repeat(40_000), { "Content-Length": "40000" });
    expect([refused.status, refused.json["code"], refused.headers.get("retry-after")]).toEqual([
      503,
      "overloaded",
      "1",
    ]);
    expect(refused.headers.get("connection")).toBe("close");
    expect((await other.post("/webhook", "x", { "Content-Length": "1" })).status).toBe(202);
    for (const { end } of bodies) end();
    await Promise.all(held);
    expect((await owner.post("/webhook", "x", { "Content-Length": "1" })).status).toBe(202);
  });

  test("that does not arrive whole in 30 s is 408, and the route's work never begins", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const { body } = pending();
    const headers = { Authorization: `Bearer ${owner.token}`, Host: ADDRESS };
    const asking = door.handle(new Request(`http://${ADDRESS}/api/message`, { method: "POST", body, headers }));
    await quiet();
    door.clock.advance(30_250);
    const response = await asking;
    expect([response?.status, response?.headers.get("connection")]).toEqual([408, "close"]);
    expect(await codeOf(response)).toBe("request_timeout");
    expect(door.agent.turns).toHaveLength(0);
  });

  test("is refused by its size before the handler sees it, declared or not", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const big = "x".repeat(65_537);
    for (const headers of [{}, { "Content-Length": "65537" }]) {
      for (const path of ["/webhook", "/api/message", "/api/paircodes"]) {
        const refused = await owner.post(path, big, headers);
        expect({ path, status: refused.status, code: refused.json["code"] }).toEqual({
          path,
          status: 413,
          code: "too_large",
        });
      }
    }
    const stranger = await door.client().post("/api/message", big);
    expect(stranger.status).toBe(401); // nothing of a stranger's body is read
  });
});

describe("sockets", () => {
  const HEADERS = { Upgrade: "websocket", Connection: "Upgrade" };

  test("are for who asks for one; others are told how with 426", async () => {
    await using door = await Door.open();
    for (const headers of [{}, { Upgrade: "h2c" }, HEADERS]) {
      const refused = await door.client().get("/ws", headers); // the door's server takes none unless told to
      expect([refused.status, refused.json["code"], refused.headers.get("upgrade")]).toEqual([
        426,
        "upgrade_required",
        "websocket",
      ]);
    }
  });

  test("leave no response, and stand in the log as 101", async () => {
    await using door = await Door.open();
    door.upgrades = true;
    expect(await door.handle(door.client().make("GET", "/ws", undefined, HEADERS))).toBeUndefined();
    expect(door.lines.at(-1)).toContain('"route":"/ws","status":101');
  });

  test("are refused to pages of elsewhere and to wrong tokens, before they are opened", async () => {
    await using door = await Door.open();
    door.upgrades = true;
    const page = await door.client().get("/ws", { ...HEADERS, Origin: "https://evil.example" });
    expect([page.status, page.json["code"]]).toEqual([403, "forbidden_origin"]);
    const wrong = await door.client(`zc_${"0".repeat(64)}`).get("/ws", HEADERS);
    expect([wrong.status, wrong.json["code"]]).toEqual([401, "unauthorized"]);
    const offered = await door
      .client()
      .get("/ws", { ...HEADERS, "Sec-WebSocket-Protocol": `zeroclaw.v1, bearer.zc_${"0".repeat(64)}` });
    expect(offered.status).toBe(401);
  });

  test("are refused with 503 once the gateway stops", async () => {
    await using door = await Door.open();
    door.upgrades = true;
    const drained = door.services.drain(Promise.resolve(), 0);
    const refused = await door.client().get("/ws", HEADERS);
    expect([refused.status, refused.json["code"]]).toEqual([503, "shutting_down"]);
    door.clock.advance(1_000);
    await drained;
  });
});

describe("the log", () => {
  test("has one line for each request, with the route's pattern in place of what was asked for", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const before = door.lines.length;
    await owner.get("/api/events/some-secret-id?q=some-secret-words");
    expect(door.lines.length).toBe(before + 1);
    const line = JSON.parse(door.lines.at(-1) ?? "");
    expect(line).toMatchObject({
      level: "info",
      message: "request",
      method: "GET",
      route: "/api/events/:id",
      status: 404,
    });
    expect([line.client, line.device]).toEqual(["192.0.2.1", owner.device_id]);
    expect(door.lines.join("")).not.toContain("some-secret");
  });

  test("has this machine's own commands at debug only, and the metrics leave them out", async () => {
    await using door = await Door.open();
    await door.local().get("/api/devices");
    expect(JSON.parse(door.lines.at(-1) ?? "")).toMatchObject({ level: "debug", client: "local" });
    const metrics = new Answer(200, new Headers(), (await door.local().get("/metrics")).bytes);
    expect(metrics.text).toContain("zeroclaw_http_requests_total 0");
  });
});
