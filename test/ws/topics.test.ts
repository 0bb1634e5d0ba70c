import { describe, expect, test } from "bun:test";
import { echo, quiet, ScriptedAgent } from "../support/agent.ts";
import { OWNER, PHONE, SENSOR, TABLET, World } from "../support/socket.ts";

describe("subscribe", () => {
  test("brings the news of the topics, and answers with all that the socket is subscribed to", async () => {
    const world = new World();
    const client = await world.as(OWNER);
    await client.send({ type: "subscribe", topics: ["events", "runs"], id: "s1" });
    await client.send({ type: "subscribe", topics: ["devices", "events"] });
    expect(client.frames).toEqual([
      { type: "subscribed", topics: ["events", "runs"], id: "s1" },
      { type: "subscribed", topics: ["events", "runs", "devices"] },
    ]);
    world.feed.emit("event", { event_id: "e1" });
    world.feed.emit("device", { device_id: "d1" });
    const at = "2026-11-22T12:00:00.000Z";
    expect(client.frames.slice(2)).toEqual([
      { type: "event", topic: "events", at, data: { event_id: "e1" } },
      { type: "device", topic: "devices", at, data: { device_id: "d1" } },
    ]);
  });

  test("brings nothing of topics that were not asked for, or not any more", async () => {
    const world = new World();
    const client = await world.as(OWNER);
    await client.send({ type: "subscribe", topics: ["events", "runs"] });
    await client.send({ type: "unsubscribe", topics: ["events", "devices"] });
    expect(client.last).toEqual({ type: "subscribed", topics: ["runs"] });
    world.feed.emit("event", {});
    world.feed.emit("device", {});
    expect(client.frames).toHaveLength(2);
  });

  test("needs an owner, except for one's own sessions", async () => {
    const world = new World();
    for (const token of [PHONE, SENSOR]) {
      const client = await world.as(token);
      for (const topic of ["events", "runs", "devices"]) await client.send({ type: "subscribe", topics: [topic] });
      expect(client.frames.map(({ code }) => code)).toEqual(Array(3).fill("forbidden_scope"));
    }
    const sensor = await world.as(SENSOR);
    await sensor.send({ type: "subscribe", topics: ["session:device:sensor"] });
    expect(sensor.last).toMatchObject({ code: "not_found" });
  });

  test("is all or nothing", async () => {
    const world = new World();
    const client = await world.as(OWNER);
    await client.send({ type: "subscribe", topics: ["events", "weather"], id: "s" });
    expect(client.last).toMatchObject({ type: "error", code: "bad_field", id: "s" });
    expect(client.last["detail"]).toContain('"weather"');
    await client.send({ type: "subscribe", topics: ["events", "session:nowhere"] });
    expect(client.last).toMatchObject({ code: "not_found" });
    world.feed.emit("event", {});
    expect(client.of("event")).toEqual([]);
    await client.send({ type: "unsubscribe", topics: ["weather"] });
    expect(client.last).toMatchObject({ code: "bad_field" });
  });

  test("to a session shows everything in it from now on, whoever asks there", async () => {
    const world = new World();
    const writer = await world.as(PHONE);
    await writer.send({ type: "message", content: "before" });
    const [client, owner] = [await world.as(PHONE), await world.as(OWNER)];
    for (const reader of [client, owner]) {
      await reader.send({ type: "subscribe", topics: ["session:device:phone"] });
      expect(reader.frames).toEqual([{ type: "subscribed", topics: ["session:device:phone"] }]);
    }
    await writer.send({ type: "message", content: "after" });
    for (const reader of [client, owner]) {
      expect(reader.last).toMatchObject({ type: "response", content: "You said: after" });
      expect(reader.of("delta").length).toBeGreaterThan(0);
      expect(reader.of("response")).toHaveLength(1);
      await reader.send({ type: "unsubscribe", topics: ["session:device:phone"] });
    }
    const count = owner.frames.length;
    await writer.send({ type: "message", content: "later" });
    expect(owner.frames).toHaveLength(count);
    expect((await world.streams.acquire("device:phone")).readers).toBe(0);
  });

  test("to a session misses no end that is being committed at that moment", async () => {
    const world = new World({ agent: new ScriptedAgent(null) });
    const writer = await world.as(PHONE);
    await writer.send({ type: "message", content: "Hi" });
    world.agent.last.say("Hello");
    await quiet();
    let open = () => {};
    world.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    world.agent.last.done();
    const client = await world.as(PHONE);
    await client.send({ type: "subscribe", topics: ["session:device:phone"] });
    open();
    await quiet();
    expect(client.of("response")).toHaveLength(1);
  });

  test("to another device's session is not_found", async () => {
    const world = new World();
    await (await world.as(TABLET)).send({ type: "message", content: "Hi", session_id: "trip" });
    const client = await world.as(PHONE);
    await client.send(
      { type: "subscribe", topics: ["session:trip"] },
      { type: "subscribe", topics: ["session:device:tablet"] },
    );
    expect(client.frames.map(({ code }) => code)).toEqual(["not_found", "not_found"]);
  });

  test("to a session that is followed already does not begin it anew", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send({ type: "message", content: "Hi" });
    await client.send({ type: "resume", session_id: "device:phone", after: 0 });
    await client.send({ type: "subscribe", topics: ["session:device:phone"] });
    expect(client.of("response")).toHaveLength(2); // the answer, and the same on resuming
    expect((await world.streams.acquire("device:phone")).readers).toBe(1);
  });

  test("keeps sending the answers of one's own messages after the session is not followed any more", async () => {
    const world = new World({ agent: new ScriptedAgent(null) });
    const client = await world.as(PHONE);
    await client.send({ type: "subscribe", topics: ["session:device:phone"] });
    await client.send({ type: "message", content: "Hi", id: "m1" });
    await client.send({ type: "unsubscribe", topics: ["session:device:phone"] });
    echo(world.agent.last);
    await quiet();
    expect(client.of("delta")).toEqual([]);
    expect(client.last).toMatchObject({ type: "response", id: "m1" });
  });

  test("takes at most 64 topics a socket, resumed sessions among them", async () => {
    const world = new World();
    const client = await world.as(OWNER);
    const names = Array.from({ length: 65 }, (_, i) => `s${i}`);
    for (const session_id of names) await client.send({ type: "message", content: "Hi", session_id });
    client.socket.texts.length = 0;
    await client.send({ type: "subscribe", topics: names.slice(0, 63).map((name) => `session:${name}`) });
    await client.send({ type: "resume", session_id: "s63", after: 0 });
    expect(client.of("subscribed").at(-1)?.["topics"]).toHaveLength(64);
    await client.send({ type: "resume", session_id: "s64", after: 0 }, { type: "subscribe", topics: ["events"] });
    expect(client.of("error").map(({ code }) => code)).toEqual(["bad_field", "bad_field"]);
    await client.send({ type: "resume", session_id: "s63", after: 0 });
    expect(client.of("error")).toHaveLength(2);
  });

  test("leaves no listener when the socket closes", async () => {
    const world = new World();
    const [one, two] = [await world.as(OWNER), await world.as(OWNER)];
    expect(world.feed.listeners).toBe(0);
    await one.send({ type: "subscribe", topics: ["events", "session:device:owner"] });
    await two.send({ type: "subscribe", topics: ["runs"] });
    expect(world.feed.listeners).toBe(1);
    one.leave();
    expect(world.feed.listeners).toBe(1);
    two.leave();
    await quiet();
    expect(world.feed.listeners).toBe(0);
    expect((await world.streams.acquire("device:owner")).readers).toBe(0);
  });

  test("leaves no listener when the socket closes while a session is being looked up", async () => {
    const world = new World();
    const client = await world.as(OWNER);
    client.raw(JSON.stringify({ type: "subscribe", topics: ["session:device:owner", "events"] }));
    client.leave();
    await quiet();
    expect(world.feed.listeners).toBe(0);
    expect((await world.streams.acquire("device:owner")).readers).toBe(0);
  });

  test("does not let a socket that fails keep the news from the others", async () => {
    const world = new World();
    const [broken, well] = [await world.as(OWNER), await world.as(OWNER)];
    for (const client of [broken, well]) await client.send({ type: "subscribe", topics: ["events"] });
    broken.socket.broken = true;
    world.feed.emit("event", {});
    expect(well.of("event")).toHaveLength(1);
    expect([broken.code, world.hub.sockets]).toEqual([1013, 1]);
  });
});
