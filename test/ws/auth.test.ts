import { describe, expect, test } from "bun:test";
import { quiet } from "../support/agent.ts";
import { CODE, OWNER, PHONE, SENSOR, TABLET, World } from "../support/socket.ts";

describe("auth", () => {
  test("is answered with whose socket it is, again when it comes again", async () => {
    const client = new World().connect();
    await client.send({ type: "auth", token: PHONE, id: "a1" }, { type: "auth", token: PHONE });
    const ready = { type: "ready", device_id: "phone", scope: "chat", version: "1.2.3" };
    expect(client.frames).toEqual([{ ...ready, id: "a1" }, ready]);
    expect(client.code).toBeUndefined();
  });

  test("takes every scope", async () => {
    const world = new World();
    for (const [token, scope] of [
      [OWNER, "owner"],
      [SENSOR, "ingest"],
    ] as const) {
      const client = world.connect();
      await client.send({ type: "auth", token });
      expect(client.last).toMatchObject({ type: "ready", scope });
    }
  });

  test("with a wrong token is an error and the end", async () => {
    const world = new World();
    const client = world.connect();
    await client.send({ type: "auth", token: "zc_wrong", id: "a1" });
    expect(client.frames).toMatchObject([{ type: "error", code: "unauthorized", id: "a1" }]);
    expect(client.socket.closed).toEqual({ code: 4401, reason: "not authenticated" });
    expect(world.wrong.get("192.0.2.1")).toBe(1);
    expect(world.hub.sockets).toBe(0);
  });

  test("with a pairing code says to pair first; it is not counted, and the socket may pair", async () => {
    const world = new World();
    const client = world.connect();
    await client.send({ type: "auth", token: CODE });
    expect(client.last).toMatchObject({ type: "error", code: "pair_first" });
    expect([client.code, world.wrong.size]).toEqual([undefined, 0]);
    await client.send({ type: "pair", code: CODE });
    expect(client.last.type).toBe("paired");
  });

  test("with another device's token leaves the socket whose it was: one socket, one device", async () => {
    const world = new World();
    const client = await world.as(PHONE);
    await client.send(
      { type: "auth", token: TABLET },
      { type: "auth", token: "zc_wrong" },
      { type: "auth", token: PHONE },
    );
    expect(client.frames).toMatchObject([
      { type: "error", code: "unauthorized", detail: expect.stringContaining("another device") },
      { type: "error", code: "unauthorized" },
      { type: "ready", device_id: "phone" },
    ]);
    expect(client.code).toBeUndefined();
  });

  test("past 30 wrong tokens a minute says how long to wait, and closes", async () => {
    const world = new World();
    world.wrong.set("192.0.2.1", 30);
    const client = world.connect();
    await client.send({ type: "message", content: "Hi", token: "zc_wrong" });
    expect(client.frames).toMatchObject([{ type: "error", code: "too_many_bad_tokens", retry_after: 42 }]);
    expect(client.code).toBe(4401);
    const other = world.connect();
    await other.send({ type: "auth", token: PHONE });
    expect(other.last.type).toBe("ready"); // a valid token is never affected
  });
});

describe("a socket that has not authenticated", () => {
  test("is closed after ten seconds, and not when it has", async () => {
    const world = new World();
    const [late, early] = [world.connect(), world.connect()];
    world.clock.advance(9_999);
    await early.send({ type: "auth", token: PHONE });
    expect(late.code).toBeUndefined();
    world.clock.advance(1);
    expect([late.code, early.code]).toEqual([4408, undefined]);
    expect(late.socket.closed?.reason).toBe("no authentication in time");
  });

  test("is not closed in the middle of a pairing, which would spend the code for nothing", async () => {
    const world = new World();
    let paired = () => {};
    world.pairing = new Promise((resolve) => {
      paired = resolve;
    });
    const client = world.connect();
    await client.send({ type: "pair", code: CODE });
    world.clock.advance(10_000);
    await quiet();
    expect(client.code).toBeUndefined();
    paired();
    await quiet();
    expect(client.types).toEqual(["paired"]);
    expect(client.code).toBeUndefined();
  });

  test("is closed after the pairing when that failed meanwhile", async () => {
    const world = new World();
    let failed = () => {};
    world.pairing = new Promise((resolve) => {
      failed = resolve;
    });
    const client = world.connect();
    await client.send({ type: "pair", code: "AAAA-0000-AAAA" });
    world.clock.advance(10_000);
    failed();
    await quiet();
    expect(client.last).toMatchObject({ type: "error", code: "invalid_code" });
    expect(client.code).toBe(4408);
  });

  test("may ping, and is told to authenticate before anything else", async () => {
    const client = new World().connect();
    await client.send(
      { type: "ping", id: "p" },
      { type: "message", content: "Hi", id: "m" },
      { type: "resume", session_id: "s", after: 0, id: "r" },
      { type: "cancel", run_id: "r", id: "c" },
      { type: "subscribe", topics: ["events"], id: "s" },
      { type: "unsubscribe", topics: [], id: "u" },
      { type: "permission", request_id: "p", decision: "allow", id: "d" },
    );
    expect(client.frames[0]).toEqual({ type: "pong", id: "p" });
    const refused = client.of("error");
    expect(refused.map(({ code }) => code)).toEqual(Array(6).fill("unauthorized"));
    expect(refused.map(({ id }) => id).sort()).toEqual(["c", "d", "m", "r", "s", "u"]);
  });

  test("is closed at its eleventh frame, whatever those were", async () => {
    const world = new World();
    const client = world.connect();
    for (let i = 0; i < 5; i += 1) {
      await client.send({ type: "ping" });
      client.raw("nonsense");
    }
    await quiet();
    expect([client.frames.length, client.code]).toEqual([10, undefined]);
    await client.send({ type: "auth", token: PHONE });
    expect(client.last).toMatchObject({ type: "error", code: "unauthorized" });
    expect(client.code).toBe(4401);
  });

  test("is not limited any more once it has authenticated", async () => {
    const client = await new World().as(PHONE);
    for (let i = 0; i < 50; i += 1) await client.send({ type: "ping" });
    expect([client.of("pong").length, client.code]).toEqual([50, undefined]);
  });
});

describe("pair", () => {
  test("gives a token, and the socket is the new device's from then on", async () => {
    const world = new World();
    const client = world.connect();
    await client.send({ type: "pair", code: CODE, device_name: "laptop", id: "p" }, { type: "message", content: "Hi" });
    expect(client.frames).toMatchObject([
      { type: "paired", token: expect.stringContaining("zc_"), device_id: "laptop", scope: "owner", id: "p" },
      { type: "response", content: "You said: Hi", session_id: "device:laptop" },
    ]);
    expect(world.hub.unauthenticated).toBe(0);
  });

  test("with a wrong code passes on why, and the socket may try again", async () => {
    const client = new World().connect();
    await client.send({ type: "pair", code: "AAAA-0000-AAAA" }, { type: "pair", code: CODE });
    expect(client.frames).toMatchObject([{ type: "error", code: "invalid_code" }, { type: "paired" }]);
  });

  test("on a socket that belongs to a device already is refused, and spends no code", async () => {
    const client = await new World().as(PHONE);
    await client.send({ type: "pair", code: CODE });
    expect(client.last).toMatchObject({ type: "error", code: "bad_request" });
  });
});

describe("a device that is revoked or expires", () => {
  test("has all of its sockets closed at once, those that sent the token in a message too, and no others", async () => {
    const world = new World();
    const clients = [world.connect(PHONE), await world.as(PHONE), world.connect()];
    await clients[2]!.send({ type: "message", content: "Hi", token: PHONE });
    const other = await world.as(TABLET);
    world.revoke(PHONE);
    expect(clients.map(({ socket }) => socket.closed)).toEqual(
      Array(3).fill({ code: 4403, reason: "token revoked or expired" }),
    );
    expect(other.code).toBeUndefined();
    expect(world.hub.sockets).toBe(1);
  });

  test("is refused at its next frame, and at the next ping, when nobody has said so", async () => {
    const world = new World();
    const [speaking, silent] = [await world.as(PHONE), await world.as(PHONE)];
    world.devices.delete(PHONE);
    await speaking.send({ type: "message", content: "Hi" });
    expect([speaking.code, silent.code]).toEqual([4403, undefined]);
    expect(world.store.rows.size).toBe(0);
    world.clock.advance(25_000);
    expect(silent.code).toBe(4403);
  });
});
