import { describe, expect, test } from "bun:test";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { type Client, OWNER, PHONE, World } from "../support/socket.ts";

describe("sockets that have not authenticated", () => {
  test("are at most 20 an address", async () => {
    const world = new World();
    const clients = Array.from({ length: 20 }, () => world.connect(undefined, "192.0.2.1"));
    expect(() => world.connect(undefined, "192.0.2.1")).toThrow("Too many sockets are open");
    const refused = world.hub.admit("192.0.2.1", null);
    expect(refused).toMatchObject({ ok: false, problem: { code: "too_many_sockets", status: 429, retryAfter: 10 } });
    expect(world.hub.admit("192.0.2.2", null).ok).toBe(true);
    expect(world.hub.admit("192.0.2.1", world.devices.get(PHONE) ?? null).ok).toBe(true);
    clients[0]!.leave();
    world.connect(undefined, "192.0.2.1");
    await clients[1]!.send({ type: "auth", token: PHONE });
    world.connect(undefined, "192.0.2.1");
    expect(world.hub.unauthenticated).toBe(20);
  });

  test("are at most 1,000 in all", () => {
    const world = new World();
    for (let i = 0; i < 1_000; i += 1) world.connect(undefined, `192.0.2.${i % 200}`);
    expect(world.hub.admit("198.51.100.1", null)).toMatchObject({ ok: false, problem: { code: "too_many_sockets" } });
    expect(world.hub.admit("198.51.100.1", world.devices.get(PHONE) ?? null).ok).toBe(true);
  });

  test("are counted down exactly once, however they end", async () => {
    const world = new World();
    const [left, late, wrong, revoked, ended] = Array.from({ length: 5 }, () => world.connect()) as [
      Client,
      Client,
      Client,
      Client,
      Client,
    ];
    left.leave();
    left.leave();
    await wrong.send({ type: "auth", token: "zc_wrong" });
    wrong.leave();
    await revoked.send({ type: "auth", token: PHONE });
    world.revoke(PHONE);
    revoked.leave();
    await ended.send({ type: "auth", token: OWNER });
    ended.leave();
    expect([world.hub.unauthenticated, world.hub.sockets]).toEqual([1, 1]);
    world.clock.advance(10_000);
    late.leave();
    expect([world.hub.unauthenticated, world.hub.sockets]).toEqual([0, 0]);
    for (let i = 0; i < 20; i += 1) world.connect();
    expect(world.hub.unauthenticated).toBe(20);
  });
});

describe("the hub when the gateway stops", () => {
  test("closes every socket with 1001, lets none in, and leaves no timer and no listener", async () => {
    const world = new World({ agent: new ScriptedAgent(null) });
    const clients = [world.connect(), world.connect(PHONE), await world.as(OWNER)];
    await clients[1]!.send({ type: "message", content: "Hi", stream: true });
    await clients[2]!.send({ type: "subscribe", topics: ["events", "session:device:owner"] });
    world.hub.closeAll();
    await quiet();
    for (const { socket } of clients) expect(socket.closed).toEqual({ code: 1001, reason: "server shutting down" });
    expect(world.hub.admit("192.0.2.1", null)).toMatchObject({ ok: false, problem: { code: "shutting_down" } });
    expect([world.hub.sockets, world.feed.listeners, world.permissions.listeners]).toEqual([0, 0, 0]);
    expect(world.runs.active).toBe(1);
    expect(world.clock.timers).toBe(2); // the streams' sweep and the run's time limit
  });

  test("closes a socket that was admitted just before", () => {
    const world = new World();
    const admitted = world.hub.admit("192.0.2.1", null);
    if (!admitted.ok) throw admitted.problem;
    const { socket } = world.connect();
    world.hub.closeAll();
    socket.closed = null;
    world.hub.open(admitted.data, socket);
    expect(socket.closed).toMatchObject({ code: 1001 });
    expect(world.hub.sockets).toBe(0);
  });
});

describe("the pings of the hub", () => {
  /** A socket that answers no ping. */
  async function mute(world: World, token: string): Promise<Client> {
    const client = await world.as(token);
    client.socket.onPing = () => {};
    return client;
  }

  test("go to every socket every 25 s", async () => {
    const world = new World();
    const clients = [await world.as(PHONE), await world.as(OWNER)];
    for (let i = 1; i <= 3; i += 1) {
      world.clock.advance(25_000);
      expect(clients.map(({ socket }) => socket.pings)).toEqual([i, i]);
    }
    expect(world.hub.sockets).toBe(2);
  });

  test("find a peer that does not answer, and cut it off", async () => {
    const world = new World();
    const client = await mute(world, PHONE);
    world.clock.advance(25_000);
    expect(client.socket.terminated).toBe(false);
    world.clock.advance(25_000);
    expect([client.socket.terminated, world.hub.sockets]).toEqual([true, 0]);
  });

  test("take a frame, a pong or a reader that takes something for a sign of life", async () => {
    const world = new World();
    const client = await mute(world, PHONE);
    client.socket.stalled = true;
    const signs = [
      () => client.send({ type: "ping" }),
      () => world.hub.heard(client.data),
      () => client.take(1),
      () => client.socket.take(1), // taken, although Bun has not called drain for it
    ];
    for (let i = 0; i < 12; i += 1) {
      world.clock.advance(25_000);
      await signs[i % signs.length]!();
    }
    expect(client.socket.terminated).toBe(false);
  });

  test("do not take for alive a peer that reads nothing of what keeps coming", async () => {
    const world = new World();
    const client = await mute(world, OWNER);
    client.socket.stalled = true;
    await client.send({ type: "subscribe", topics: ["events"] });
    for (let i = 0; i < 2; i += 1) {
      world.clock.advance(25_000);
      world.feed.emit("event", {});
    }
    world.clock.advance(25_000);
    expect(client.socket.terminated).toBe(true);
  });
});

describe("whatever fails inside", () => {
  test("is told to the client by an id alone, and to the log with its cause", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    world.store.runs.create = () => Promise.reject(new TypeError("column zc_secret is missing"));
    await client.send({ type: "message", content: "Hi", id: "m1" });
    expect(client.last).toMatchObject({ type: "error", code: "internal", id: "m1" });
    expect(client.socket.texts.at(-1)).not.toContain("column");
    const error_id = /id ([0-9a-f-]{36})/.exec(String(client.last["detail"]))?.[1];
    expect(world.logged.some((line) => line.includes(error_id ?? "none") && line.includes("column"))).toBe(true);
    expect(client.code).toBeUndefined();
  });
});
