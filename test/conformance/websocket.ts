import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { GatewayProcess } from "../support/gateway-process.ts";
import { type Frame, GatewaySocket } from "../support/gateway-socket.ts";
import { websocketDoorConformance } from "./websocket-door.ts";
import { websocketSessionConformance } from "./websocket-sessions.ts";

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";

/** The contract's `/ws`, at the door of a running gateway. `command` starts it. */
export function websocketConformance(command: readonly string[]): void {
  describe("WebSocket", () => {
    let gateway: GatewayProcess;
    let silent: GatewaySocket;
    let opened = 0;
    // Opened now and looked at in the end, so that nobody waits for its ten seconds.
    beforeAll(async () => {
      gateway = await GatewayProcess.start(command);
      silent = await GatewaySocket.open(gateway.url);
      opened = Bun.nanoseconds();
    });
    afterAll(() => gateway.remove());

    authentication(command);
    errors(command);
    topics(command);
    websocketSessionConformance(command);
    websocketDoorConformance(command);

    test("a socket that does not authenticate is closed with 4408 after ten seconds", async () => {
      expect(await silent.closed).toMatchObject({ code: 4408 });
      expect((Bun.nanoseconds() - opened) / 1e9).toBeGreaterThan(9);
    });
  });
}

function authentication(command: readonly string[]): void {
  describe("who it is", () => {
    test("auth is answered with ready; the messages after it need no token", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      using socket = await GatewaySocket.open(gateway.url);
      expect(await socket.ask({ type: "auth", token, id: "a" })).toEqual({
        type: "ready",
        device_id: expect.any(String),
        scope: "owner",
        version: expect.any(String),
        id: "a",
      });
      expect(await socket.ask({ type: "message", content: "Hello" })).toMatchObject({ type: "response" });
    });

    test("pair is answered with paired; the socket is the new device's, and the token is good anywhere", async () => {
      await using gateway = await GatewayProcess.start(command);
      using socket = await GatewaySocket.open(gateway.url);
      const paired = await socket.ask({ type: "pair", code: gateway.code, device_name: "phone" });
      expect(paired).toEqual({
        type: "paired",
        token: expect.stringMatching(/^zc_[0-9a-f]{64}$/),
        device_id: expect.any(String),
        scope: "owner",
      });
      expect(await socket.ask({ type: "message", content: "Hello" })).toMatchObject({ type: "response" });
      const [device] = (await gateway.client(String(paired["token"])).get("/api/devices")).rows("devices");
      expect(device).toMatchObject({ name: "phone", device_id: paired["device_id"] });
    });

    test("a wrong code and a code where a token belongs get an error each, and the socket may go on", async () => {
      await using gateway = await GatewayProcess.start(command);
      using socket = await GatewaySocket.open(gateway.url);
      expect(await socket.ask({ type: "pair", code: "AAAA-0000-AAAA" })).toMatchObject({
        type: "error",
        code: "invalid_code",
      });
      expect(await socket.ask({ type: "auth", token: gateway.code })).toMatchObject({
        type: "error",
        code: "pair_first",
      });
      expect(await socket.ask({ type: "pair", code: gateway.code })).toMatchObject({ type: "paired" });
    });

    test("auth with a wrong token: an error, then 4401", async () => {
      await using gateway = await GatewayProcess.start(command);
      using socket = await GatewaySocket.open(gateway.url);
      expect(await socket.ask({ type: "auth", token: `zc_${"0".repeat(64)}` })).toMatchObject({
        type: "error",
        code: "unauthorized",
      });
      expect(await socket.closed).toMatchObject({ code: 4401 });
    });

    test("a socket that says much without authenticating is closed with 4401", async () => {
      await using gateway = await GatewayProcess.start(command);
      using socket = await GatewaySocket.open(gateway.url);
      for (let i = 0; i < 20; i += 1) socket.send({ type: "subscribe", topics: ["events"] });
      expect(await socket.next()).toMatchObject({ type: "error", code: "unauthorized" });
      expect(await socket.closed).toMatchObject({ code: 4401 });
    });

    test("a token with the scope ingest may send no messages, one with the scope chat may not follow events", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const tokenOf = async (scope: string) =>
        gateway.pair((await owner.post("/api/paircodes", { scope })).field("code"));
      using ingest = await GatewaySocket.authenticated(gateway.url, await tokenOf("ingest"));
      expect(await ingest.ask({ type: "message", content: "Hello" })).toMatchObject({
        type: "error",
        code: "forbidden_scope",
      });
      using chat = await GatewaySocket.authenticated(gateway.url, await tokenOf("chat"));
      expect(await chat.ask({ type: "message", content: "Hello" })).toMatchObject({ type: "response" });
      for (const topic of ["events", "runs", "devices"]) {
        expect(await chat.ask({ type: "subscribe", topics: [topic] })).toMatchObject({
          type: "error",
          code: "forbidden_scope",
        });
      }
    });
  });
}

/** Frames that cannot be served, with the code that each gets. */
const REFUSED: readonly (readonly [string, object | string | Uint8Array<ArrayBuffer>, string])[] = [
  ["no JSON", "{bad", "bad_json"],
  ["nothing", "", "bad_json"],
  ["JSON that is no object", "[]", "bad_request"],
  ["null", "null", "bad_request"],
  ["binary", new Uint8Array([1, 2, 3]), "bad_request"],
  ["JSON in a binary frame", Buffer.from('{"type":"ping"}'), "bad_request"],
  ["no type", { content: "Hello" }, "bad_request"],
  ["an unknown type", { type: "shout" }, "bad_request"],
  ["a type that every object has", { type: "constructor" }, "bad_request"],
  ["a server's type", { type: "response", content: "x" }, "bad_request"],
  ["a message without content", { type: "message" }, "bad_field"],
  ["an empty message", { type: "message", content: " " }, "bad_field"],
  ["content that is no text", { type: "message", content: { a: 1 } }, "bad_field"],
  ["a bad session", { type: "message", content: "Hello", session_id: "a/b" }, "bad_field"],
  ["an id that is too long", { type: "message", content: "Hello", id: "x".repeat(256) }, "bad_field"],
  ["a second pairing", { type: "pair", code: "AAAA-0000-AAAA" }, "bad_request"],
  ["an unknown topic", { type: "subscribe", topics: ["weather"] }, "bad_field"],
  ["topics that are no list", { type: "subscribe", topics: "events" }, "bad_field"],
  ["somebody's session that is not there", { type: "subscribe", topics: ["session:nobody"] }, "not_found"],
  ["to resume what is not there", { type: "resume", session_id: "nobody", after: 0 }, "not_found"],
  ["to resume from nowhere", { type: "resume", session_id: "nobody" }, "bad_field"],
  ["to cancel nothing", { type: "cancel" }, "bad_field"],
  ["to cancel what is not there", { type: "cancel", run_id: "nobody" }, "not_found"],
  ["a permission nobody asked for", { type: "permission", request_id: "x", decision: "allow" }, "bad_request"],
  ["a decision that is none", { type: "permission", request_id: "x", decision: "maybe" }, "bad_field"],
];

function errors(command: readonly string[]): void {
  describe("frames that cannot be served", () => {
    test("each gets one error with its code and a sentence, and the socket goes on", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
      for (const [what, frame, code] of REFUSED) {
        const { detail, ...rest } = await socket.ask(frame);
        expect<object>({ what, ...rest }).toEqual({ what, type: "error", code });
        expect(detail).toMatch(/\S/);
      }
      expect(await socket.rest()).toEqual([]);
      expect(await socket.ask({ type: "message", content: "Hello" })).toMatchObject({ type: "response" });
    });

    test("an error says which frame it is about by that frame's id", async () => {
      await using gateway = await GatewayProcess.start(command);
      using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
      expect(await socket.ask({ type: "message", content: "", id: "m1" })).toMatchObject({ type: "error", id: "m1" });
      expect(await socket.ask({ type: "shout", id: "m2" })).toMatchObject({ type: "error", id: "m2" });
      expect(await socket.ask({ type: "ping", id: "p" })).toEqual({ type: "pong", id: "p" });
    });

    test("a frame of 64 KB is taken, a larger one closes the socket with 1009", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      const empty = JSON.stringify({ type: "message", content: "" });
      const frame = (bytes: number) => empty.replace('""', `"${"x".repeat(bytes - empty.length)}"`);
      using fits = await GatewaySocket.authenticated(gateway.url, token);
      expect(await fits.ask(frame(65_536))).toMatchObject({ type: "response" });
      using large = await GatewaySocket.authenticated(gateway.url, token);
      large.send(frame(65_537));
      expect(await large.closed).toMatchObject({ code: 1009 });
    });

    test("past the rate limit a message is refused with how long to wait; after ten refusals the socket is closed with 4429", async () => {
      await using gateway = await GatewayProcess.start(command, {
        config: "[gateway.rate_limit]\nmax_requests_per_window = 2\n",
      });
      using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
      const frames: Frame[] = [];
      for (let i = 0; i < 12; i += 1)
        frames.push(await socket.ask({ type: "message", content: "Hello", id: String(i) }));
      const refused = frames.filter(({ code }) => code === "rate_limited");
      expect(frames[0]).toMatchObject({ type: "response" });
      expect(refused.length).toBe(10);
      expect(refused[0]).toMatchObject({
        type: "error",
        retry_after: expect.any(Number),
        detail: expect.stringMatching(/Wait \d+ s/),
      });
      expect(await socket.closed).toMatchObject({ code: 4429 });
    });

    test("cancel and ping are never rate limited", async () => {
      await using gateway = await GatewayProcess.start(command, {
        config: "[gateway.rate_limit]\nmax_requests_per_window = 1\n",
      });
      using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
      for (let i = 0; i < 30; i += 1) {
        expect(await socket.ask({ type: "ping" })).toEqual({ type: "pong" });
        expect(await socket.ask({ type: "cancel", run_id: "x" })).toMatchObject({ code: "not_found" });
      }
    });
  });
}

function topics(command: readonly string[]): void {
  describe("topics", () => {
    test("subscribe and unsubscribe are answered with what is subscribed to, all of it or nothing", async () => {
      await using gateway = await GatewayProcess.start(command);
      using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
      expect(await socket.ask({ type: "subscribe", topics: ["events", "runs"] })).toEqual({
        type: "subscribed",
        topics: ["events", "runs"],
      });
      expect(await socket.ask({ type: "subscribe", topics: ["devices", "weather"] })).toMatchObject({ type: "error" });
      expect(await socket.ask({ type: "unsubscribe", topics: ["runs", "devices"] })).toEqual({
        type: "subscribed",
        topics: ["events"],
      });
    });

    test("events, runs and devices are told as they change, in the rows of the HTTP API", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      using socket = await GatewaySocket.authenticated(gateway.url, String(owner.token));
      await socket.ask({ type: "subscribe", topics: ["events", "runs", "devices"] });
      const event_id = (await owner.post("/webhook", { type: "deploy" })).field("event_id");
      await gateway.pair((await owner.post("/api/paircodes", { device_name: "phone" })).field("code"));
      const seen = await socket.through("device");
      while (!seen.some((frame) => isDone(frame))) (seen as Frame[]).push(await socket.next()); // the list is ours to add to
      const of = (type: string) => seen.filter((frame) => frame["type"] === type);
      expect(of("event").map(({ data }) => (data as Frame)["state"])).toEqual(["received", "running", "done"]); // a row
      expect(of("event")[0]).toEqual({
        type: "event",
        topic: "events",
        at: expect.stringMatching(/Z$/),
        data: expect.objectContaining({ event_id, source: "webhook", state: "received" }),
      });
      expect(of("run").at(-1)).toMatchObject({ topic: "runs", data: { event_id, state: "done" } });
      expect(of("device")[0]).toMatchObject({ topic: "devices", data: { name: "phone", scope: "owner" } });
    });

    test("a session can be followed by another device of the owner's, and no more once that has unsubscribed", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      await owner.post("/api/message", { message: "Hello", session_id: "desk" });
      using socket = await GatewaySocket.authenticated(gateway.url, String(owner.token));
      expect(await socket.ask({ type: "subscribe", topics: ["session:desk"] })).toMatchObject({ type: "subscribed" });
      const said = await owner.post("/api/message", { message: "Who are you?", session_id: "desk" });
      const frames = await socket.through("response");
      expect(frames.at(-1)).toMatchObject({ run_id: said.field("run_id"), content: said.field("response") });
      await socket.ask({ type: "unsubscribe", topics: ["session:desk"] });
      await owner.post("/api/message", { message: "Hello", session_id: "desk" });
      expect(await socket.rest()).toEqual([]);
    });
  });
}

function isDone({ type, data }: Frame): boolean {
  return type === "event" && (data as Frame)["state"] === "done"; // a row
}
