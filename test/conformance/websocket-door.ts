import { describe, expect, test } from "bun:test";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { GatewaySocket } from "../support/gateway-socket.ts";
import { RawConnection, rawRequest, requestBytes } from "../support/raw-http.ts";

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";
const UPGRADE = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
} as const;

/** Opens a socket by hand and leaves it open: what the handshake was answered with can be looked at. */
async function handshake(port: number, headers: Readonly<Record<string, string>> = {}, from?: string, path = "/ws") {
  const connection = await RawConnection.open(port, from);
  connection.send(requestBytes(port, { path, headers: { ...UPGRADE, ...headers } }));
  return { connection, answer: await connection.response() };
}

/** A text frame of a client (RFC 6455 §5.2), masked with zeros, so that its text can be read in a trace. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const length =
    payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]);
}

/** The code of the close frame that ends what a server sent; null when it ends otherwise. */
function closeCode(received: Buffer): number | null {
  let at = 0;
  while (at + 2 <= received.length) {
    const [opcode, short] = [received[at]! & 0x0f, received[at + 1]!]; // both are within what was received
    const [length, head] =
      short < 126
        ? [short, 2]
        : short === 126
          ? [received.readUInt16BE(at + 2), 4]
          : [Number(received.readBigUInt64BE(at + 2)), 10];
    if (opcode === 8) return received.readUInt16BE(at + head);
    at += head + length;
  }
  return null;
}

/** The upgrade and what bounds it: tokens, origins, strangers, readers that do not read (contract §4). */
export function websocketDoorConformance(command: readonly string[]): void {
  upgrades(command);
  bounds(command);
}

function upgrades(command: readonly string[]): void {
  describe("the upgrade", () => {
    test("a foreign Origin is refused with 403, a rebound Host with 421, a wrong token with 401, an allowed page is let in", async () => {
      await using gateway = await GatewayProcess.start(command, {
        config: `[gateway]\nallowed_origins = ["https://app.example.com"]\n${UNLIMITED}`,
      });
      const cases: readonly (readonly [Record<string, string>, number])[] = [
        [{}, 101],
        [{ Origin: `http://127.0.0.1:${gateway.port}` }, 101],
        [{ Origin: "https://app.example.com" }, 101],
        [{ Origin: "https://evil.example" }, 403],
        [{ Origin: "null" }, 403],
        [{ Origin: "http://evil.example", Host: "evil.example" }, 421],
        [{ Authorization: `Bearer zc_${"0".repeat(64)}` }, 401],
        [{ "Sec-WebSocket-Protocol": `zeroclaw.v1, bearer.zc_${"0".repeat(64)}` }, 401],
      ];
      for (const [headers, status] of cases) {
        const { connection, answer } = await handshake(gateway.port, headers);
        await using _ = connection;
        expect({ headers, status: answer.status }).toEqual({ headers, status });
      }
    });

    test("the token may come as the subprotocol bearer.<token>; only zeroclaw.v1 is ever echoed", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      using socket = await GatewaySocket.open(gateway.url, { protocols: ["zeroclaw.v1", `bearer.${token}`] });
      expect(socket.protocol).toBe("zeroclaw.v1");
      expect(await socket.ask({ type: "message", content: "Hello" })).toMatchObject({ type: "response" });
      for (const offered of [`bearer.${token}, zeroclaw.v1`, `bearer.${token}`, `other, bearer.${token}`]) {
        const { connection, answer } = await handshake(gateway.port, { "Sec-WebSocket-Protocol": offered });
        await using _ = connection;
        const echoed = answer.headers.get("sec-websocket-protocol") ?? "";
        expect({ offered, echoed: ["", "zeroclaw.v1"].includes(echoed) ? "" : echoed }).toEqual({
          offered,
          echoed: "",
        });
      }
    });

    test("a token in the URL is not taken", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      const { connection, answer } = await handshake(gateway.port, {}, undefined, `/ws?token=${token}`);
      await using _ = connection;
      if (answer.status !== 101) return expect([400, 401]).toContain(answer.status);
      connection.send(textFrame('{"type":"message","content":"Hello"}'));
      await eventually("the frame is answered", async () => connection.received.includes("unauthorized"));
    });

    test("what is no WebSocket is told so with 426", async () => {
      await using gateway = await GatewayProcess.start(command);
      const answer = await rawRequest(gateway.port, { path: "/ws" });
      expect({ status: answer.status, code: answer.json["code"], upgrade: answer.headers.get("upgrade") }).toEqual({
        status: 426,
        code: "upgrade_required",
        upgrade: "websocket",
      });
      expect((await rawRequest(gateway.port, { method: "POST", path: "/ws", body: "" })).status).toBe(405);
    });

    test("bytes that are no frames end their socket and nobody else's", async () => {
      await using gateway = await GatewayProcess.start(command);
      using bystander = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
      const garbage = [
        Buffer.from([0x81, 0x02, 0x7b, 0x7d]), // not masked
        Buffer.from([0x83, 0x80, 0, 0, 0, 0]), // an opcode that there is not
        Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), // compressed, which was not agreed on
        Buffer.from([0x80, 0x80, 0, 0, 0, 0]), // goes on with nothing
        Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]), // not UTF-8
        Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), // announces 2^63 bytes
      ];
      for (const bytes of garbage) {
        const { connection } = await handshake(gateway.port);
        await using _ = connection;
        connection.send(bytes);
        await connection.closed();
      }
      expect(await bystander.ask({ type: "ping" })).toEqual({ type: "pong" });
    });
  });
}

function bounds(command: readonly string[]): void {
  describe("bounds", () => {
    test("an address has 20 sockets that have not authenticated; those that have do not count", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const Authorization = `Bearer ${await gateway.pair()}`;
      const open = (headers = {}, from = "127.0.0.41") => handshake(gateway.port, headers, from);
      const sockets = [];
      try {
        for (let i = 0; i < 20; i += 1) sockets.push(await open());
        expect(sockets.map(({ answer }) => answer.status)).toEqual(Array(20).fill(101));
        const refused = await open();
        sockets.push(refused);
        expect({ status: refused.answer.status, code: refused.answer.json["code"] }).toEqual({
          status: 429,
          code: "too_many_sockets",
        });
        expect(refused.answer.headers.get("retry-after")).toMatch(/^\d+$/);
        for (const other of [await open({ Authorization }), await open({}, "127.0.0.42")]) {
          sockets.push(other);
          expect(other.answer.status).toBe(101);
        }
        await sockets[0]?.connection[Symbol.asyncDispose]();
        await eventually("the place of a socket that closed is free", async () => {
          const again = await open();
          sockets.push(again);
          return again.answer.status === 101;
        });
      } finally {
        await Promise.all(sockets.map(({ connection }) => connection[Symbol.asyncDispose]()));
      }
    });

    test("1,000 sockets in all may be open without having authenticated; a device still gets in", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const Authorization = `Bearer ${await gateway.pair()}`;
      const from = (i: number) => `127.0.1.${1 + Math.floor(i / 20)}`;
      const sockets = await Promise.all(Array.from({ length: 1_000 }, (_, i) => handshake(gateway.port, {}, from(i))));
      try {
        expect(sockets.filter(({ answer }) => answer.status !== 101)).toHaveLength(0);
        const refused = await handshake(gateway.port, {}, "127.0.2.1");
        sockets.push(refused);
        expect(refused.answer.status).toBe(429);
        const device = await handshake(gateway.port, { Authorization });
        sockets.push(device);
        expect(device.answer.status).toBe(101);
      } finally {
        await Promise.all(sockets.map(({ connection }) => connection[Symbol.asyncDispose]()));
      }
    });

    test("a reader that is more than 1 MB behind is closed with 1013, and holds up nobody", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const { connection } = await handshake(gateway.port, { Authorization: `Bearer ${owner.token}` });
      await using _ = connection;
      connection.pause();
      // Each is answered with as much. How much the system's buffers take first is its own affair.
      const ping = textFrame(JSON.stringify({ type: "ping", id: "x".repeat(250) }));
      const pings = Buffer.concat(Array.from({ length: 4_000 }, () => ping));
      await eventually("the gateway has let go of the socket", async () => {
        connection.send(pings);
        return Bun.deepEquals((await owner.get("/api/status")).json["sockets"], { open: 0, unauthenticated: 0 });
      });
      expect((await owner.post("/api/message", { message: "Hello" })).status).toBe(200);
      connection.resume();
      await connection.closed();
      expect(closeCode(Buffer.from(connection.received, "latin1"))).toBe(1013);
      using again = await GatewaySocket.authenticated(gateway.url, String(owner.token));
      expect(await again.ask({ type: "ping" })).toEqual({ type: "pong" });
    });
  });
}
