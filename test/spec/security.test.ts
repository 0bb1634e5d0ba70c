import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildBinary, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";
import { GatewaySocket } from "../support/gateway-socket.ts";
import { chunk, RawConnection, rawRequest, requestBytes } from "../support/raw-http.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";
const MAX = 65_536;

/** A JSON object of exactly `size` bytes. */
function jsonOf(size: number): string {
  const empty = '{"padding":""}';
  return `{"padding":"${"x".repeat(size - empty.length)}"}`;
}

describe.each(SUBJECTS)("Security Features (%s)", (_name, command) => {
  test("Pairing codes - a code authenticates one client, once, in any letter case, with or without its dashes", async () => {
    await using gateway = await GatewayProcess.start(command);
    const typed = gateway.code.toLowerCase().replaceAll("-", "");
    expect(await gateway.pair(typed)).toMatch(/^zc_[0-9a-f]{64}$/);
    const again = await gateway.client().post("/pair", { code: gateway.code });
    expect({ status: again.status, code: again.json["code"] }).toEqual({ status: 403, code: "invalid_code" });
  });

  test("Pairing codes - of two clients that send the code at once, one gets a token", async () => {
    await using gateway = await GatewayProcess.start(command);
    const stranger = gateway.client();
    const answers = await Promise.all([1, 2, 3, 4].map(() => stranger.post("/pair", { code: gateway.code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403, 403]);
  });

  test("Token-based auth - without a token nothing is accepted or told but health, status and pairing", async () => {
    await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
    const stranger = gateway.client();
    const wrong = gateway.client(`zc_${"0".repeat(64)}`);
    for (const path of ["/webhook", "/api/message"]) {
      expect((await stranger.post(path, { message: "Hello" })).status).toBe(401);
      expect((await wrong.post(path, { message: "Hello" })).status).toBe(401);
    }
    for (const path of ["/api/events", "/api/devices", "/api/config", "/api/sessions", "/metrics", "/api/stream"]) {
      expect((await stranger.get(path)).status).toBe(401);
      expect((await wrong.get(path)).status).toBe(401);
    }
    using socket = await GatewaySocket.open(gateway.url);
    expect(await socket.ask({ type: "message", content: "Hello" })).toMatchObject({
      type: "error",
      code: "unauthorized",
    });
  });

  test("Token-based auth - a token is good for ongoing sessions: over HTTP, over WebSocket, and after a restart", async () => {
    await using gateway = await GatewayProcess.start(command);
    const token = await gateway.pair();
    const said = await gateway.client(token).post("/api/message", { message: "Hello", session_id: "kitchen" });
    using socket = await GatewaySocket.authenticated(gateway.url, token);
    const answer = await socket.ask({ type: "message", content: "Hello", session_id: "kitchen" });
    expect(answer["session_id"]).toBe(said.field("session_id"));
    await gateway.stop();
    await using after = await gateway.again();
    const session = await after.client(token).get("/api/sessions/kitchen");
    expect(session.rows("messages").map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
  });

  test.each(["/webhook", "/api/message", "/pair"])(
    "Request limits - %s takes no more than 64 KB: 65,536 bytes are read, 65,537 are not, declared or chunked",
    async (path) => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const { token, port } = { token: await gateway.pair(), port: gateway.port };
      const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
      const chunked = { ...headers, "Transfer-Encoding": "chunked" };
      const inChunks = (body: string) => {
        const bytes = Buffer.from(body);
        return Buffer.concat([chunk(bytes.subarray(0, 40_000)), chunk(bytes.subarray(40_000)), chunk(Buffer.alloc(0))]);
      };
      const send = (body: string | Uint8Array, as: Record<string, string>) =>
        rawRequest(port, { method: "POST", path, headers: as, body });

      const whole = path === "/webhook" ? 202 : 400; // read to its end, then found to be no message and no code
      expect((await send(jsonOf(MAX), headers)).status).toBe(whole);
      expect((await send(inChunks(jsonOf(MAX)), chunked)).status).toBe(whole);
      for (const refused of [await send(jsonOf(MAX + 1), headers), await send(inChunks(jsonOf(MAX + 1)), chunked)]) {
        expect({ status: refused.status, ...refused.json }).toMatchObject({
          status: 413,
          code: "too_large",
        });
      }
    },
  );

  test("Request limits - a body that only announces its size is refused before it is sent", async () => {
    await using gateway = await GatewayProcess.start(command);
    const token = await gateway.pair();
    await using connection = await RawConnection.open(gateway.port);
    const headers = { Authorization: `Bearer ${token}`, "Content-Length": "65537" };
    connection.send(requestBytes(gateway.port, { method: "POST", path: "/webhook", headers }));
    expect((await connection.response()).status).toBe(413);
    expect((await gateway.fetch("/health")).status).toBe(200);
  });

  test("Rate limiting - a client has 60 requests in 60 seconds: the 61st is refused and told how long to wait", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    for (let left = 59; left >= 0; left -= 1) {
      const { status, headers } = await owner.post("/webhook", { left });
      expect({ status, policy: headers.get("ratelimit-policy") }).toEqual({
        status: 202,
        policy: '"default";q=60;w=60',
      });
      expect(headers.get("ratelimit")).toMatch(new RegExp(`^"default";r=${left};t=\\d+$`));
    }
    const refused = await owner.post("/webhook", { left: -1 });
    expect({ status: refused.status, code: refused.json["code"] }).toEqual({ status: 429, code: "rate_limited" });
    const wait = Number(refused.headers.get("retry-after"));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(60);
    // The 61st has left nothing behind: 60 events are there, in the order they came.
    expect((await owner.get("/api/events?limit=200")).rows("events")).toHaveLength(60);
  });

  test("Rate limiting - it is per client: one that has used up its requests does not touch another", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const other = gateway.client(await gateway.pair((await owner.post("/api/paircodes", {})).field("code")));
    const statuses = await Promise.all(
      Array.from({ length: 61 }, async () => (await other.post("/webhook", {})).status),
    );
    expect(statuses.filter((status) => status === 202)).toHaveLength(60);
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
    expect((await owner.post("/webhook", {})).status).toBe(202);
    const from = async (address: string) =>
      (await rawRequest(gateway.port, { path: "/api/status", from: address })).status;
    const strangers = await Promise.all(Array.from({ length: 61 }, () => from("127.0.0.21")));
    expect(strangers.filter((status) => status === 200)).toHaveLength(60);
    expect(await from("127.0.0.22")).toBe(200);
  });

  test("Rate limiting - the window slides: a place is free again when its request is as old as the window, not before", async () => {
    await using gateway = await GatewayProcess.start(command, {
      config: "[gateway.rate_limit]\nmax_requests_per_window = 3\nwindow_seconds = 2\n",
    });
    const owner = await gateway.owner();
    const accepted: { sent: number; answered: number }[] = [];
    while (accepted.length < 9) {
      const sent = Bun.nanoseconds();
      const answer = await owner.post("/webhook", { number: accepted.length });
      if (answer.status === 202) accepted.push({ sent, answered: Bun.nanoseconds() });
      else await Bun.sleep(20 * Number(answer.headers.get("retry-after"))); // far sooner than it was told to
    }
    // Each was counted between being sent and being answered, so of four the first was sent a window before the last was answered.
    const spans = accepted.slice(3).map(({ answered }, i) => (answered - (accepted[i]?.sent ?? 0)) / 1e9);
    expect(spans.filter((seconds) => seconds < 1.99)).toEqual([]);
  });

  test("Idempotency - a request that is sent again with its key is answered again and done once", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const key = { "Idempotency-Key": "deploy-7" };
    const first = await owner.post("/webhook", { type: "deploy" }, key);
    const second = await owner.post("/webhook", { type: "deploy" }, key);
    expect(second).toMatchObject({ status: 202, json: first.json });
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect((await owner.get("/api/events")).rows("events")).toHaveLength(1);
    const said = await owner.post("/api/message", { message: "Hello" }, key);
    const repeated = await owner.post("/api/message", { message: "Hello" }, key);
    expect(repeated.json).toEqual(said.json);
    expect((await owner.get(`/api/sessions/${said.field("session_id")}`)).rows("messages")).toHaveLength(2);
  });

  test("Idempotency - duplicates are detected after SIGKILL and a restart too", async () => {
    await using gateway = await GatewayProcess.start(command);
    const token = await gateway.pair();
    const key = { "Idempotency-Key": "deploy-8" };
    const first = await gateway.client(token).post("/webhook", { type: "deploy" }, key);
    await gateway.kill();
    await using after = await gateway.again();
    const second = await after.client(token).post("/webhook", { type: "deploy" }, key);
    expect(second.json).toEqual(first.json);
    expect(second.headers.get("idempotency-replayed")).toBe("true");
  });
});
