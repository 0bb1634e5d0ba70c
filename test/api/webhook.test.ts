import { describe, expect, test } from "bun:test";
import { Door } from "../support/services.ts";

const ACCEPTED = { status: "accepted", event_id: expect.stringMatching(/^[0-9a-f-]{36}$/) };

describe("POST /webhook with an event", () => {
  test.each([
    ["JSON", '{"type":"deploy","ok":true}', "application/json", "deploy", "application/json"],
    ["a JSON list", "[1,2]", "application/json", "event", "application/json"],
    ["a form", "Body=Hi&From=me", "application/x-www-form-urlencoded", "message", "application/x-www-form-urlencoded"],
    ["text", "Something happened", "text/plain", "message", "text/plain"],
    [
      "JSON that curl calls a form",
      '{"type":"deploy"}',
      "application/x-www-form-urlencoded",
      "deploy",
      "application/json",
    ],
    ["JSON without a type", '{"type":"deploy"}', null, "deploy", "application/json"],
  ])("stores %s to the byte before it answers 202", async (_what, body, sent, type, kept) => {
    await using door = await Door.open({ resume: false });
    const owner = await door.paired();
    const bytes = new TextEncoder().encode(body); // bytes bring no content type of their own
    const accepted = await owner.post("/webhook", bytes, sent === null ? {} : { "Content-Type": sent });
    expect([accepted.status, accepted.json]).toEqual([202, ACCEPTED]);
    const event = await door.store.events.get(accepted.field("event_id"));
    expect(event).toMatchObject({
      source: "webhook",
      type,
      state: "received",
      session_id: "webhook",
      device_id: owner.device_id,
      content_type: kept,
      size: bytes.length,
    });
    expect(event?.body).toEqual(bytes);
  });

  test("keeps headers with their secrets redacted", async () => {
    await using door = await Door.open({ resume: false });
    const owner = await door.paired();
    const headers = { "X-GitHub-Event": "push", "X-Api-Key": "sk-1", Cookie: "session=1", "X-Hub-Token": "t" };
    const accepted = await owner.post("/webhook", { ref: "main" }, headers);
    const event = await door.store.events.get(accepted.field("event_id"));
    expect(event?.type).toBe("push");
    expect(event?.headers).toMatchObject({
      authorization: "[redacted]",
      "x-api-key": "[redacted]",
      cookie: "[redacted]",
      "x-hub-token": "[redacted]",
      "x-github-event": "push",
    });
  });

  test.each([
    ["nothing", undefined, {}, 400, "bad_json"],
    ["broken JSON", '{"a":', { "Content-Type": "application/json" }, 400, "bad_json"],
    ["no UTF-8", Uint8Array.of(0xff), { "Content-Type": "application/json" }, 400, "bad_text"],
    ["a file", "x", { "Content-Type": "application/octet-stream" }, 415, "unsupported_media_type"],
    ["an empty key", "x", { "Idempotency-Key": '""' }, 400, "bad_idempotency_key"],
    ["two keys", "x", { "Idempotency-Key": "a", "X-Idempotency-Key": "b" }, 400, "bad_idempotency_key"],
    ["64 KB and a byte", "x".repeat(65_537), {}, 413, "too_large"],
  ])("refuses %s and stores nothing", async (_what, body, headers, status, code) => {
    await using door = await Door.open();
    const owner = await door.paired();
    const refused = await owner.post("/webhook", body, headers);
    expect([refused.status, refused.json["code"]]).toEqual([status, code]);
    expect((await owner.get("/api/events")).rows("events")).toEqual([]);
  });

  test("takes 64 KB to the byte", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    expect((await owner.post("/webhook", "x".repeat(65_536))).status).toBe(202);
  });

  test("is for every scope, and for nobody without a token", async () => {
    await using door = await Door.open();
    for (const scope of ["owner", "chat", "ingest"] as const)
      expect((await (await door.paired(scope)).post("/webhook", { a: 1 })).status).toBe(202);
    const stranger = await door.client().post("/webhook", { a: 1 });
    expect([stranger.status, stranger.json["code"]]).toEqual([401, "unauthorized"]);
  });

  test("tells subscribers of the event as it is stored, then runs it once", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const feed = await owner.follow("GET", "/api/stream");
    const event_id = (await owner.post("/webhook", { type: "deploy" })).field("event_id");
    const first = JSON.parse((await feed.next())?.data ?? "");
    expect(first).toMatchObject({ type: "event", topic: "events", data: { event_id, state: "received", attempts: 0 } });
    await door.until("the event is done", async () => (await door.store.events.get(event_id))?.state === "done");
    expect(door.agent.turns.map(({ turn }) => turn.event?.event_id)).toEqual([event_id]);
    await feed.leave();
  });

  test("gives a stranger's event the reach of its own session only, although an owner's token brought it", async () => {
    await using door = await Door.open();
    await (await door.paired()).post("/webhook", { type: "deploy", message: "/devices", from: "x" });
    await door.until("the agent was asked", () => door.agent.turns.length === 1);
    expect(door.agent.last.turn).toMatchObject({ reach: "channel", origin: "event", session_id: "webhook" });
  });

  test("never takes a stranger's text for a command", async () => {
    await using door = await Door.open({ agent: null });
    const owner = await door.paired("owner", "the kitchen tablet");
    for (const type of ["text/plain", "application/json"]) {
      const body = type === "text/plain" ? "/clients" : '{"text":"/clients"}';
      const event_id = (await owner.post("/webhook", body, { "Content-Type": type })).field("event_id");
      await door.until("it is done", async () => (await door.store.events.get(event_id))?.state === "done");
      expect((await owner.get(`/api/events/${event_id}`)).field("response")).not.toContain("kitchen");
    }
    expect((await owner.post("/webhook", { message: "/clients" })).field("response")).toContain("kitchen");
  });

  test("works off what came while the gateway was starting once, as the first attempt", async () => {
    await using door = await Door.open({ resume: false });
    const owner = await door.paired();
    const event_id = (await owner.post("/webhook", { a: 1 })).field("event_id");
    await door.settle();
    expect(door.agent.turns).toHaveLength(0); // else `resume` would take it for one that an earlier process left running
    await door.services.resume();
    await door.until("the event is done", async () => (await door.store.events.get(event_id))?.state === "done");
    expect(door.agent.turns).toHaveLength(1);
    expect((await owner.get(`/api/events/${event_id}`)).json).toMatchObject({ attempts: 1 });
  });

  test("tries a failed event again after the delays of the contract, and says so in its log of attempts", async () => {
    await using door = await Door.open();
    door.agent.script = (turn) => (door.agent.turns.length === 1 ? turn.fail(new Error("boom")) : turn.done());
    const owner = await door.paired();
    const event_id = (await owner.post("/webhook", { a: 1 })).field("event_id");
    await door.until("it failed", async () => (await door.store.events.get(event_id))?.state === "retrying");
    door.clock.advance(3_000);
    await door.settle();
    expect(door.agent.turns).toHaveLength(1);
    await door.until("it is done", async () => (await door.store.events.get(event_id))?.state === "done", 500);
    const { attempts_log } = (await owner.get(`/api/events/${event_id}`)).json;
    expect(attempts_log).toMatchObject([{ outcome: "failed" }, { outcome: "done" }]);
    expect(JSON.stringify(attempts_log)).not.toContain("boom"); // an agent's own failure is for the log
  });
});
