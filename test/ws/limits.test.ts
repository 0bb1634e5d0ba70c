import { describe, expect, test } from "bun:test";
import { quiet } from "../support/agent.ts";
import { PHONE, World } from "../support/socket.ts";

const HI = { type: "message", content: "Hi" };

describe("the rate limit of messages", () => {
  test("is an error with the seconds to wait at first, and the end at the tenth refusal", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    world.wait = 7;
    for (let i = 0; i < 9; i += 1) await client.send({ ...HI, id: `${i}` });
    expect(client.frames).toHaveLength(9);
    expect(client.last).toMatchObject({ type: "error", code: "rate_limited", retry_after: 7, id: "8" });
    expect(client.code).toBeUndefined();
    await client.send(HI);
    expect(client.frames).toHaveLength(10);
    expect(client.socket.closed).toEqual({ code: 4429, reason: "too many messages were refused" });
    expect(world.store.rows.size).toBe(0);
  });

  test("begins to count refusals anew when a message was let through", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    for (let round = 0; round < 3; round += 1) {
      world.wait = 1;
      for (let i = 0; i < 9; i += 1) await client.send(HI);
      world.wait = 0;
      await client.send(HI);
    }
    expect([client.of("error").length, client.of("response").length, client.code]).toEqual([27, 3, undefined]);
  });

  test("counts messages of known devices, and nothing else", async () => {
    const world = new World();
    const client = world.connect();
    await client.send({ ...HI }, { ...HI, token: "zc_wrong" }, { type: "auth", token: PHONE });
    await client.send({ type: "ping" }, { type: "cancel", run_id: "r" }, { type: "subscribe", topics: [] });
    await client.send({ type: "resume", session_id: "device:phone", after: 0 });
    expect(world.asked).toBe(0);
    await client.send(HI, { ...HI, content: "" });
    expect(world.asked).toBe(2);
  });

  test("does not hold up a cancel", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    world.wait = 7;
    await client.send({ type: "cancel", run_id: "r" });
    expect(client.last).toMatchObject({ type: "error", code: "not_found" });
  });
});

describe("frames that come faster than they can be served", () => {
  test("wait in order, 64 of them; the next are refused one by one, and none is forgotten", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    let open = () => {};
    world.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    await client.send(...Array.from({ length: 70 }, (_, i) => ({ ...HI, session_id: `s${i}`, id: `${i}` })));
    expect(client.frames.map(({ code, id }) => [code, id])).toEqual(
      [65, 66, 67, 68, 69].map((i) => ["rate_limited", `${i}`]),
    );
    open();
    for (let i = 0; i < 10; i += 1) await quiet();
    expect(client.of("response").map(({ id }) => id)).toEqual(Array.from({ length: 65 }, (_, i) => `${i}`));
    expect(client.code).toBeUndefined();
  });

  test("are overtaken by a ping and by a cancel", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    let open = () => {};
    world.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    await client.send(HI, { type: "subscribe", topics: [] }, { type: "ping" }, { type: "cancel", run_id: "r" });
    expect(client.types).toEqual(["pong", "error"]);
    open();
    await quiet();
    expect(client.types).toEqual(["pong", "error", "subscribed", "response"]);
  });
});

describe("a reader that does not read", () => {
  test("is closed once it is 1 MiB behind, and its run goes on", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    client.socket.stalled = true;
    world.agent.script = (turn) => {
      for (let i = 0; i < 20; i += 1) turn.say("x".repeat(100_000));
      turn.done();
    };
    await client.send({ type: "message", content: "Hi", stream: true });
    expect(client.socket.closed).toEqual({ code: 1013, reason: "reading too slowly; come back and resume" });
    expect(client.socket.bufferedAmount()).toBeLessThan(1024 * 1024 + 200_000);
    expect([...world.store.rows.values()]).toMatchObject([{ state: "done" }]);
    expect((await world.streams.acquire("device:phone")).readers).toBe(0);
  });

  test("is closed when Bun has dropped a frame", async () => {
    const client = await new World().as(PHONE);
    client.socket.dropping = true;
    await client.send({ type: "ping" });
    expect(client.code).toBe(1013);
  });

  test("that is answered with one frame of any size is not behind because of it", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    client.socket.stalled = true;
    world.agent.script = (turn) => {
      turn.say("x".repeat(5 * 1024 * 1024));
      turn.done();
    };
    await client.send(HI);
    expect([client.types, client.code]).toEqual([["response"], undefined]);
  });
});
