import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import type { Answer } from "../support/gateway-client.ts";
import { Door, type DoorClient, type DoorOptions } from "../support/services.ts";

const KEY = { "Idempotency-Key": "delivery-1" };

const told = ({ status, json, headers }: Answer) => ({
  status,
  json,
  replayed: headers.get("idempotency-replayed"),
});

async function scene(options: DoorOptions = {}) {
  const door = await Door.open(options);
  const owner = await door.paired();
  const events = async () => (await door.store.events.list({ limit: 200 })).items;
  return { door, owner, events };
}

/** Asks a slow question with the key and waits until it is answered 202. */
async function askedTooLong(door: Door, owner: DoorClient): Promise<Answer> {
  door.agent.script = null;
  const asking = owner.post("/webhook", { message: "Slow" }, KEY);
  await door.until("the agent was asked", () => door.agent.turns.length === 1, 0);
  door.clock.advance(25_000);
  return asking;
}

describe("POST /webhook with an Idempotency-Key", () => {
  test("accepts an event once, and gives the first answer again", async () => {
    const { door, owner, events } = await scene();
    await using _ = door;
    const first = await owner.post("/webhook", { a: 1 }, KEY);
    const again = await owner.post("/webhook", { a: 1 }, KEY);
    expect(told(again)).toEqual({ status: 202, json: first.json, replayed: "true" });
    expect(first.headers.has("idempotency-replayed")).toBe(false);
    expect(await events()).toHaveLength(1);
  });

  test("knows a key by its other header and in quotes", async () => {
    const { door, owner, events } = await scene();
    await using _ = door;
    await owner.post("/webhook", { a: 1 }, KEY);
    await owner.post("/webhook", { a: 1 }, { "X-Idempotency-Key": "delivery-1" });
    await owner.post("/webhook", { a: 1 }, { "Idempotency-Key": '"delivery-1"' });
    expect(await events()).toHaveLength(1);
  });

  test("refuses another body under the same key with 422, and goes on giving the first answer", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    const first = await owner.post("/webhook", { a: 1 }, KEY);
    const other = await owner.post("/webhook", { a: 2 }, KEY);
    expect([other.status, other.json["code"]]).toEqual([422, "idempotency_mismatch"]);
    expect((await owner.post("/webhook", { a: 1 }, KEY)).json).toEqual(first.json);
  });

  test("belongs to its device and its route", async () => {
    const { door, owner, events } = await scene();
    await using _ = door;
    await owner.post("/webhook", { message: "Hi" }, KEY);
    await (await door.paired("chat")).post("/webhook", { message: "Hi" }, KEY);
    expect(await events()).toHaveLength(2);
    expect((await owner.post("/api/message", { message: "Hi" }, KEY)).headers.has("idempotency-replayed")).toBe(false);
  });

  test("lets one of two at once in, and tells the other to ask again", async () => {
    const { door, owner, events } = await scene();
    await using _ = door;
    const both = await Promise.all([1, 2].map(() => owner.post("/webhook", { a: 1 }, KEY)));
    const [accepted, waiting] = both.sort((a, b) => a.status - b.status);
    expect([accepted?.status, waiting?.status]).toEqual([202, 409]);
    expect([waiting?.json["code"], waiting?.headers.get("retry-after")]).toEqual(["idempotency_in_flight", "1"]);
    expect(await events()).toHaveLength(1);
  });

  test("gives an answered question's answer again", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    const first = await owner.post("/webhook", { message: "Hi" }, KEY);
    expect(told(await owner.post("/webhook", { message: "Hi" }, KEY))).toEqual({
      status: 200,
      json: first.json,
      replayed: "true",
    });
    expect(door.agent.turns).toHaveLength(1);
  });

  test("of a question that is being answered is 409", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    door.agent.script = null;
    const asking = owner.post("/webhook", { message: "Slow" }, KEY);
    await door.until("the agent was asked", () => door.agent.turns.length === 1, 0);
    expect((await owner.post("/webhook", { message: "Slow" }, KEY)).status).toBe(409);
    door.agent.last.done();
    await asking;
  });

  test("of a question that was 202 tells how it stands: 202 while it runs, then its answer", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    const first = await askedTooLong(door, owner);
    expect(told(first)).toMatchObject({ status: 202, replayed: null });
    expect(told(await owner.post("/webhook", { message: "Slow" }, KEY))).toEqual({
      status: 202,
      json: first.json,
      replayed: "true",
    });
    const event_id = first.field("event_id");
    door.agent.last.say("At last.");
    door.agent.last.done();
    await door.until("it is done", async () => (await door.store.events.get(event_id))?.state === "done");
    expect(told(await owner.post("/webhook", { message: "Slow" }, KEY))).toEqual({
      status: 200,
      json: { status: "ok", event_id, response: "At last.", model: "scripted-1" },
      replayed: "true",
    });
  });

  test("of a question that was 202 and has failed since is free: it is asked again", async () => {
    const { door, owner, events } = await scene();
    await using _ = door;
    const first = await askedTooLong(door, owner);
    door.agent.last.fail(new AgentError("No."));
    await door.until("it is dead", async () => {
      return (await door.store.events.get(first.field("event_id")))?.state === "dead";
    });
    door.agent.script = (turn) => {
      turn.say("Yes.");
      turn.done();
    };
    const again = await owner.post("/webhook", { message: "Slow" }, KEY);
    expect(told(again)).toMatchObject({ status: 200, json: { response: "Yes." }, replayed: null });
    expect(await events()).toHaveLength(2);
  });

  test("is free after a question that failed", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    door.agent.script = (turn) => turn.fail(new AgentError("No."));
    expect((await owner.post("/webhook", { message: "Hi" }, KEY)).status).toBe(502);
    door.agent.script = (turn) => turn.done();
    expect(told(await owner.post("/webhook", { message: "Hi" }, KEY))).toMatchObject({ status: 200, replayed: null });
  });

  test("is free after a request that was refused, for another body too", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    const broken = await owner.post("/webhook", "{", { ...KEY, "Content-Type": "application/json" });
    expect(broken.status).toBe(400);
    expect((await owner.post("/webhook", { a: 1 }, KEY)).status).toBe(202);
  });

  test("is remembered across a restart, for 7 days", async () => {
    const { door, owner } = await scene();
    await using _ = door;
    const first = await owner.post("/webhook", { a: 1 }, KEY);
    await door.until("it is done", async () => (await owner.get("/api/events?state=done")).rows("events").length === 1);
    await door.stop();
    await using next = await Door.open({ dir: door.dir, clock: door.clock });
    const sender = next.client(owner.token);
    expect(told(await sender.post("/webhook", { a: 1 }, KEY))).toEqual({
      status: 202,
      json: first.json,
      replayed: "true",
    });
    next.clock.setWallTime(next.clock.now() + 7 * 86_400_000);
    expect(told(await sender.post("/webhook", { a: 1 }, KEY))).toMatchObject({ status: 202, replayed: null });
  });

  test("means nothing where gateway.idempotency is off", async () => {
    const { door, owner, events } = await scene({ config: "[gateway.idempotency]\nenabled = false\n" });
    await using _ = door;
    await owner.post("/webhook", { a: 1 }, KEY);
    expect(told(await owner.post("/webhook", { a: 1 }, KEY))).toMatchObject({ status: 202, replayed: null });
    expect(await events()).toHaveLength(2);
  });
});
