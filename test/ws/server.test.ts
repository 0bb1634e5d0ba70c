import { afterEach, describe, expect, test } from "bun:test";
import WebSocket from "ws";
import { websocketHandlers } from "../../src/ws/handlers.ts";
import type { SocketData } from "../../src/ws/hub.ts";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { OWNER, PHONE, type Received, World } from "../support/socket.ts";

const BLOCK = "x".repeat(256 * 1024);

const opened: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.stop();
});

/** The hub of a world behind a real server. */
function serve(world: World): string {
  const server = Bun.serve<SocketData>({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, self) {
      const admission = world.hub.admit("127.0.0.1", null);
      if (!admission.ok) return new Response(admission.problem.message, { status: admission.problem.status });
      const before = world.hub.sockets;
      const upgraded = self.upgrade(request, { data: admission.data });
      // The limits of the hub rest on this: a socket counts before the next request is looked at.
      expect(world.hub.sockets).toBe(before + 1);
      return upgraded ? undefined : new Response(null, { status: 426 });
    },
    websocket: websocketHandlers(world.hub),
  });
  opened.push({ stop: () => server.stop(true) });
  return `ws://127.0.0.1:${server.port}/ws`;
}

interface Peer {
  readonly ws: WebSocket;
  readonly frames: Received[];
  readonly closed: Promise<number>;
  send(frame: object): void;
  /** Resolves with the first frame, come or still to come, that is like this. */
  until(like: (frame: Received) => boolean): Promise<Received>;
}

async function connect(url: string): Promise<Peer> {
  const ws = new WebSocket(url);
  const frames: Received[] = [];
  let look = () => {};
  ws.on("message", (data) => {
    frames.push(JSON.parse(String(data)));
    look();
  });
  ws.on("error", () => undefined); // what matters is the close that follows
  const closed = new Promise<number>((resolve) => ws.on("close", (code) => resolve(code)));
  await new Promise<void>((resolve) => ws.on("open", resolve));
  return {
    ws,
    frames,
    closed,
    send: (frame) => ws.send(JSON.stringify(frame)),
    until: (like) =>
      new Promise((resolve) => {
        look = () => {
          const found = frames.find(like);
          if (found) resolve(found);
        };
        look();
      }),
  };
}

async function authenticated(url: string, token: string): Promise<Peer> {
  const peer = await connect(url);
  peer.send({ type: "auth", token });
  await peer.until(({ type }) => type === "ready");
  return peer;
}

/** An agent that answers with blocks of 256 KB. */
function verbose(blocks: number): ScriptedAgent {
  return new ScriptedAgent((turn) => {
    for (let i = 0; i < blocks; i += 1) turn.say(BLOCK);
    turn.done();
  });
}

test("the client of the page gets its answer", async () => {
  const ws = new WebSocket(serve(new World()));
  ws.on("open", () => {
    ws.send(JSON.stringify({ type: "message", content: "Hello from client", token: PHONE }));
  });
  const response = await new Promise<Received>((resolve) => {
    ws.on("message", (data) => resolve(JSON.parse(String(data))));
  });
  expect(response).toMatchObject({ type: "response", content: "You said: Hello from client" });
  ws.close();
});

describe("a frame on the wire", () => {
  test("may have 64 KB, and one byte more closes its socket alone", async () => {
    const world = new World();
    const url = serve(world);
    const [peer, other] = [await authenticated(url, PHONE), await authenticated(url, OWNER)];
    const room = 65_536 - JSON.stringify({ type: "message", content: "" }).length;
    peer.send({ type: "message", content: "x".repeat(room) });
    await peer.until(({ type }) => type === "response");
    peer.send({ type: "message", content: "x".repeat(room + 1) });
    expect(await peer.closed).toBe(1009);
    other.send({ type: "ping" });
    await other.until(({ type }) => type === "pong");
    expect(world.hub.sockets).toBe(1);
  });

  test("that is binary is answered with an error", async () => {
    const peer = await authenticated(serve(new World()), PHONE);
    peer.ws.send(Buffer.from([1, 2, 3]), { binary: true });
    expect(await peer.until(({ type }) => type === "error")).toMatchObject({ code: "bad_request" });
  });
});

describe("the end of a socket", () => {
  test("has the code that says why: revoked, and shutting down", async () => {
    const world = new World();
    const url = serve(world);
    const [phone, owner] = [await authenticated(url, PHONE), await authenticated(url, OWNER)];
    world.revoke(PHONE);
    expect(await phone.closed).toBe(4403);
    world.hub.closeAll();
    expect(await owner.closed).toBe(1001);
  });

  test("follows its error frame", async () => {
    const peer = await connect(serve(new World()));
    peer.send({ type: "auth", token: "zc_wrong" });
    expect(await peer.closed).toBe(4401);
    expect(peer.frames).toMatchObject([{ type: "error", code: "unauthorized" }]);
  });

  test("is noticed however the peer goes", async () => {
    const world = new World();
    const url = serve(world);
    const peers = await Promise.all(Array.from({ length: 6 }, () => connect(url)));
    for (const [i, { ws }] of peers.entries()) {
      if (i % 2 === 0) ws.terminate();
      else ws.close(1000);
    }
    await Promise.all(peers.map(({ closed }) => closed));
    while (world.hub.sockets > 0) await quiet();
    expect(world.hub.unauthenticated).toBe(0);
  });
});

test("the hub's pings reach the peer, and its pongs the hub", async () => {
  const world = new World();
  const peer = await authenticated(serve(world), PHONE);
  for (let i = 0; i < 3; i += 1) {
    const pinged = new Promise((resolve) => peer.ws.once("ping", resolve));
    world.clock.advance(25_000);
    await pinged;
    peer.send({ type: "ping", id: `${i}` }); // its answer comes after the pong has
    await peer.until(({ id }) => id === `${i}`);
  }
  expect(world.hub.sockets).toBe(1);
});

test("an exception inside closes one socket with 1011 and leaves the server and the others alone", async () => {
  const world = new World();
  const url = serve(world);
  const other = await authenticated(url, OWNER);
  const { message } = world.hub;
  world.hub.message = (data, raw) => {
    if (String(raw).includes("boom")) throw new Error("broken");
    message.call(world.hub, data, raw);
  };
  const peer = await connect(url);
  peer.ws.send("boom");
  expect(await peer.closed).toBe(1011);
  other.send({ type: "message", content: "Hi" });
  expect(await other.until(({ type }) => type === "response")).toMatchObject({ content: "You said: Hi" });
  expect(world.hub.sockets).toBe(1);
  expect(world.logged.join("")).toContain("broken");
});

describe("a reader that stops reading", () => {
  test("is closed with 1013 when it is live, and its run goes on", async () => {
    const world = new World({ agent: verbose(30) });
    const peer = await authenticated(serve(world), PHONE);
    peer.ws.pause();
    peer.send({ type: "message", content: "Hi", stream: true });
    while (world.hub.sockets > 0) await quiet();
    await world.runs.idle();
    expect([...world.store.rows.values()]).toMatchObject([{ state: "done" }]);
    peer.ws.resume();
    expect(await peer.closed).toBe(1013);
  });

  test("gets everything when it resumes, at its own pace", async () => {
    const world = new World({ agent: verbose(8) });
    const url = serve(world);
    const first = await authenticated(url, PHONE);
    for (let i = 0; i < 6; i += 1) {
      first.send({ type: "message", content: "Hi", id: `${i}` });
      await first.until(({ id }) => id === `${i}`);
    }
    const peer = await authenticated(url, PHONE);
    peer.ws.pause();
    peer.send({ type: "resume", session_id: "device:phone", after: 0 });
    await quiet();
    peer.ws.resume();
    await peer.until(({ type }) => type === "subscribed");
    const answers = peer.frames.filter(({ type }) => type === "response");
    expect(answers.map(({ seq }) => seq)).toEqual(
      first.frames.filter(({ type }) => type === "response").map(({ seq }) => seq),
    );
    expect(answers.every(({ content }) => String(content).length === 8 * BLOCK.length)).toBe(true);
    expect(world.hub.sockets).toBe(2);
  });
});
