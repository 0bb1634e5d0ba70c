import { describe, expect, test } from "bun:test";
import type { Answer, GatewayClient } from "../support/gateway-client.ts";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";

/** Messages, runs, streams and keys (contract §3). */
export function httpWorkConformance(command: readonly string[]): void {
  idempotency(command);
  messages(command);
  streams(command);
}

function idempotency(command: readonly string[]): void {
  const post = (
    client: GatewayClient,
    key: string | Record<string, string>,
    body: object | string = { a: 1 },
    path = "/webhook",
  ) => client.post(path, body, typeof key === "string" ? { "Idempotency-Key": key } : key);
  const replayed = ({ headers }: Answer) => headers.get("idempotency-replayed");

  describe("Idempotency-Key", () => {
    test("the same key and body: the first answer again; another body: 422; another key, device or route: another request", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const other = gateway.client(await gateway.pair((await owner.post("/api/paircodes", {})).field("code")));
      const first = await post(owner, "k");
      const again = await post(owner, "k");
      expect({ ...again.json, replayed: replayed(again) }).toEqual({ ...first.json, replayed: "true" });
      const mismatch = await post(owner, "k", { a: 2 });
      expect({ status: mismatch.status, code: mismatch.json["code"] }).toEqual({
        status: 422,
        code: "idempotency_mismatch",
      });
      for (const fresh of [await post(owner, "l"), await post(other, "k")]) {
        expect({ status: fresh.status, replayed: replayed(fresh) }).toEqual({ status: 202, replayed: null });
        expect(fresh.field("event_id")).not.toBe(first.field("event_id"));
      }
      const message = await post(owner, "k", { message: "Hello" }, "/api/message");
      expect({ status: message.status, replayed: replayed(message) }).toEqual({ status: 200, replayed: null });
    });

    test("X-Idempotency-Key and the quoted form name the same key; a bad or contradicting one is refused", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const first = await post(owner, "k");
      for (const headers of [{ "X-Idempotency-Key": "k" }, { "Idempotency-Key": '"k"' }]) {
        expect((await post(owner, headers)).json).toEqual(first.json);
      }
      expect((await post(owner, "x".repeat(255))).status).toBe(202);
      for (const headers of [
        { "Idempotency-Key": "x".repeat(256) },
        { "Idempotency-Key": "" },
        { "Idempotency-Key": "a b" },
        { "Idempotency-Key": "a", "X-Idempotency-Key": "b" },
      ]) {
        const refused = await post(owner, headers);
        expect({ status: refused.status, code: refused.json["code"] }).toEqual({
          status: 400,
          code: "bad_idempotency_key",
        });
      }
    });

    test("an attempt that was refused frees the key", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      expect((await post(owner, "k", "{bad", "/api/message")).status).toBe(400);
      const second = await post(owner, "k", { message: "Hello" }, "/api/message");
      expect({ status: second.status, replayed: replayed(second) }).toEqual({ status: 200, replayed: null });
    });

    test("many at once with one key: it is done once; who comes too early is told 409 and when to ask again", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const answers = await Promise.all(Array.from({ length: 16 }, () => post(owner, "k")));
      const accepted = answers.filter(({ status }) => status === 202);
      expect(accepted.length).toBeGreaterThanOrEqual(1);
      expect(new Set(accepted.map((answer) => answer.field("event_id"))).size).toBe(1);
      for (const early of answers.filter(({ status }) => status !== 202)) {
        expect({ status: early.status, code: early.json["code"] }).toEqual({
          status: 409,
          code: "idempotency_in_flight",
        });
        expect(early.headers.get("retry-after")).toMatch(/^\d+$/);
      }
      expect((await owner.get("/api/events")).rows("events")).toHaveLength(1);
    });

    test("a message's key leads to its answer, also of one that was answered 202", async () => {
      await using gateway = await GatewayProcess.start(command, {
        config: `[gateway]\nwait_seconds = 0\n${UNLIMITED}`,
      });
      const owner = await gateway.owner();
      const first = await post(owner, "k", { message: "Hello" }, "/api/message");
      const run_id = first.field("run_id");
      await eventually("the run has ended", async () => {
        return (await owner.get(`/api/runs/${run_id}`)).field("state") === "done";
      });
      const again = await post(owner, "k", { message: "Hello" }, "/api/message");
      expect(again).toMatchObject({ status: 200, json: { run_id, response: expect.any(String) } });
      expect(replayed(again)).toBe("true");
    });
  });
}

function messages(command: readonly string[]): void {
  describe("messages, runs and sessions", () => {
    test("past the wait a message is answered 202 with where its run is, and the run goes on to its end", async () => {
      await using gateway = await GatewayProcess.start(command, {
        config: `[gateway]\nwait_seconds = 0\n${UNLIMITED}`,
      });
      const owner = await gateway.owner();
      // Of many at once in one session most have to wait for the others, and none is waited for.
      const late = await eventually("a message takes longer than no time at all", async () => {
        const all = await Promise.all(
          Array.from({ length: 20 }, () => owner.post("/api/message", { message: "What happened here?" })),
        );
        return all.find(({ status }) => status === 202);
      });
      expect(late.json).toEqual({ status: "running", run_id: expect.any(String) });
      expect(late.headers.get("location")).toBe(`/api/runs/${late.field("run_id")}`);
      const run = await eventually("the run has ended", async () => {
        const { json } = await owner.get(`/api/runs/${late.field("run_id")}`);
        return json["state"] === "done" && json;
      });
      expect(run).toEqual({
        run_id: late.field("run_id"),
        session_id: expect.stringMatching(/^device:/),
        state: "done",
        attempt: 1,
        response: expect.any(String),
        model: "operator",
        started_at: expect.any(String),
        ended_at: expect.any(String),
      });
      const cancelled = await owner.delete(`/api/runs/${late.field("run_id")}`);
      expect({ status: cancelled.status, code: cancelled.json["code"] }).toEqual({ status: 409, code: "run_ended" });
    });

    test("a question to /webhook is stored like any event, and answered; with one key more it is an event", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const asked = await owner.post("/webhook", { message: "Hello", session_id: "desk" });
      expect(asked.json).toEqual({
        status: "ok",
        event_id: expect.any(String),
        response: expect.any(String),
        model: "operator",
      });
      expect((await owner.get(`/api/events/${asked.field("event_id")}`)).json).toMatchObject({
        state: "done",
        session_id: "desk",
      });
      expect((await owner.get("/api/sessions/desk")).rows("messages")).toHaveLength(2);
      const event = await owner.post("/webhook", { message: "Hello", more: true }); // one key more, and it is an event
      expect({ status: event.status, keys: Object.keys(event.json) }).toEqual({
        status: 202,
        keys: ["status", "event_id"],
      });
    });

    test("a session keeps what was said, in order, until it is removed", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const said = await Promise.all(
        [1, 2, 3].map((i) => owner.post("/api/message", { message: `note ${i}`, session_id: "log" })),
      );
      expect(said.map(({ status }) => status)).toEqual([200, 200, 200]);
      const session = await owner.get("/api/sessions/log");
      expect(session.json).toMatchObject({ session_id: "log", title: expect.any(String), next: null });
      const rows = session.rows("messages");
      expect(rows.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant", "user", "assistant"]);
      expect(rows[0]).toEqual({
        message_id: expect.any(String),
        role: "user",
        content: expect.stringMatching(/^note \d$/),
        at: expect.any(String),
        run_id: expect.any(String),
      });
      const page = await owner.get("/api/sessions/log?limit=4");
      const rest = await owner.get(`/api/sessions/log?limit=4&after=${encodeURIComponent(page.field("next"))}`);
      expect([...page.rows("messages"), ...rest.rows("messages")]).toEqual([...rows]);
      expect((await owner.delete("/api/sessions/log")).status).toBe(204);
      expect((await owner.get("/api/sessions/log")).status).toBe(404);
    });
  });
}

interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads server-sent events (WHATWG HTML §9.2) until `enough` says so or the stream ends, and lets go of it then. */
async function readEvents(
  response: Response,
  enough: (events: readonly ServerEvent[]) => boolean,
): Promise<readonly ServerEvent[]> {
  const events: ServerEvent[] = [];
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string])); // name, value
      const data = fields.get("data");
      if (data !== undefined)
        events.push({ event: fields.get("event") ?? "", id: fields.get("id") ?? "", data: JSON.parse(data) });
    }
    if (enough(events)) break;
  }
  return events;
}

function streams(command: readonly string[]): void {
  const ask = (client: GatewayClient, path: string, init: RequestInit = {}, headers: Record<string, string> = {}) =>
    fetch(`${client.url}${path}`, { ...init, headers: { Authorization: `Bearer ${client.token}`, ...headers } });

  describe("server-sent events", () => {
    test.each([
      ["stream: true", { stream: true }, {}],
      ["Accept: text/event-stream", {}, { Accept: "text/event-stream" }],
    ])(
      "POST /api/message with %s streams the frames of the run: pieces, then the whole, numbered",
      async (_how, more, headers) => {
        await using gateway = await GatewayProcess.start(command);
        const owner = await gateway.owner();
        const body = JSON.stringify({ message: "Who are you?", ...more });
        const response = await ask(owner, "/api/message", { method: "POST", body }, headers);
        expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
        const events = await readEvents(response, () => false); // it ends by itself
        const last = events.at(-1);
        expect(events.map(({ event, data }) => event === data["type"])).toEqual(events.map(() => true));
        expect(events.map(({ id, data }) => id === String(data["seq"]))).toEqual(events.map(() => true));
        const seqs = events.map(({ id }) => Number(id));
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
        expect(last?.event).toBe("response");
        const pieces = events.filter(({ event }) => event === "delta").map(({ data }) => data["content"]);
        expect(pieces.length).toBeGreaterThan(1);
        expect(pieces.join("")).toBe(String(last?.data["content"]));
      },
    );

    test("GET /api/stream tells what happens, and goes on after Last-Event-ID without a gap", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const opened = await ask(owner, "/api/stream");
      const event_id = (await owner.post("/webhook", { type: "deploy" })).field("event_id");
      const states = (events: readonly ServerEvent[]) =>
        events.filter(({ event }) => event === "event").map(({ data }) => (data["data"] as { state: string }).state); // a row
      const seen = await readEvents(opened, (events) => states(events).includes("done"));
      expect(states(seen)).toEqual(["received", "running", "done"]);
      expect(seen[0]?.data).toMatchObject({
        type: "event",
        topic: "events",
        at: expect.any(String),
        data: { event_id },
      });
      const place = seen[0]?.id ?? "";
      const resumed = await ask(owner, "/api/stream", {}, { "Last-Event-ID": place });
      const rest = await readEvents(resumed, (events) => events.length >= seen.length - 1);
      expect(rest.map(({ id }) => id)).toEqual(seen.slice(1).map(({ id }) => id));
    });

    test("GET /api/stream after a place that is not kept says that something is missing", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      for (const place of ["nonsense", "0.1", "zzz.999999"]) {
        const [first] = await readEvents(
          await ask(owner, "/api/stream", {}, { "Last-Event-ID": place }),
          (all) => all.length > 0,
        );
        expect(first?.event).toBe("gap");
      }
    });

    test("the streams of a revoked device end: it hears nothing more", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const other = gateway.client(await gateway.pair((await owner.post("/api/paircodes", {})).field("code")));
      const [device] = (await other.get("/api/devices")).rows("devices").filter(({ current }) => current);
      const reading = readEvents(await ask(other, "/api/stream"), () => false);
      await owner.delete(`/api/devices/${device?.["device_id"]}`);
      const heard = await reading; // ends by itself
      expect(heard.filter(({ event }) => event === "event")).toEqual([]);
    });

    test("a stream ends when the gateway stops, and does not hold it up", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const reading = readEvents(await ask(owner, "/api/stream"), () => false);
      expect(await gateway.stop()).toBe(0);
      await reading;
    });
  });
}
