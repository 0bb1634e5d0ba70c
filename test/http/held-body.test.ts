import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadlines } from "../../src/http/deadlines.ts";
import { holdBody } from "../../src/http/held-body.ts";
import { ByteBudget } from "../../src/limits/byte-budget.ts";
import { ClientBudget } from "../../src/limits/client-budget.ts";
import { Problem } from "../../src/protocol/problem.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

const MAX = 1_000_000;
const LARGE = 100_000;

function scene(largeBytes = 2_000_000, announcedBytes = 200_000) {
  const clock = new ManualClock();
  const budgets = {
    announced: new ByteBudget(announcedBytes),
    counted: new ClientBudget(200_000, 100_000),
    large: new ClientBudget(largeBytes, largeBytes),
    proven: new ClientBudget(MAX, MAX),
  };
  const used = () => budgets.announced.used + budgets.counted.used + budgets.large.used;
  const seen: number[] = [];
  const limits = {
    maxBytes: MAX,
    deadlines: new Deadlines(clock, 30_000),
    budgets,
    clock,
    client: "192.0.2.1",
    proven: false,
  };
  return { clock, budgets, used, limits, seen, see: (bytes: Uint8Array) => void seen.push(...bytes.subarray(0, 3)) };
}

/** A body in pieces; `length` announces it, null sends it chunked. */
function inPieces(length: number | null) {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const state = { cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: () => {
      state.cancelled = true;
    },
  });
  const headers = length === null ? {} : { "Content-Length": String(length) };
  return {
    state,
    request: new Request("http://h/", { method: "POST", body, headers }),
    send: (size: number, byte = 1) => controller.enqueue(new Uint8Array(size).fill(byte)),
    sendBytes: (bytes: Uint8Array) => controller.enqueue(bytes),
    end: () => controller.close(),
    break: () => controller.error(new Error("gone")),
  };
}

async function code(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  throw new Error("The body was read, though it had to be refused");
}

describe("holdBody", () => {
  test("keeps what it read in the budget until it is released", async () => {
    for (const size of [0, 5, 65_536, LARGE]) {
      const { used, limits, see } = scene();
      const body = new Uint8Array(size).fill(7);
      const request = new Request("http://h/", { method: "POST", body, headers: { "Content-Length": String(size) } });
      const held = await holdBody(request, limits, see);
      expect(held.bytes).toEqual(body);
      expect(used()).toBe(size);
      held.release();
      expect(used()).toBe(0);
    }
  });

  test("shows every byte in order, however the body was cut, and gives the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 40_000 }), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (pieces, announced) => {
          const { used, limits } = scene();
          const whole = Buffer.concat(pieces);
          const { request, ...writer } = inPieces(announced ? whole.length : null);
          const shown: Uint8Array[] = [];
          const reading = holdBody(request, limits, (bytes) => void shown.push(Uint8Array.from(bytes)));
          for (const piece of pieces) writer.sendBytes(piece);
          writer.end();
          const held = await reading;
          held.release();
          expect(whole.equals(held.bytes)).toBe(true);
          expect(whole.equals(Buffer.concat(shown))).toBe(true);
          expect(used()).toBe(0);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("lets a large body wait for room before a byte of it is read", async () => {
    const { budgets, used, limits, seen, see } = scene(LARGE + 10);
    budgets.large.take("other", LARGE);
    const { request, ...writer } = inPieces(LARGE);
    const reading = holdBody(request, limits, see);
    writer.send(LARGE);
    writer.end();
    await quiet();
    expect(seen).toEqual([]);
    budgets.large.give("other", LARGE);
    const held = await reading;
    expect(held.bytes.length).toBe(LARGE);
    expect(used()).toBe(LARGE);
    held.release();
  });

  test("refuses when no room comes within 5 s, and holds nothing of it afterwards", async () => {
    const { clock, budgets, used, limits, see } = scene(LARGE);
    budgets.large.take("other", LARGE);
    const reading = code(holdBody(inPieces(LARGE).request, limits, see));
    await quiet();
    clock.advance(5_000);
    expect(await reading).toBe("overloaded");
    expect(used()).toBe(LARGE);
  });

  test.each([
    ["announced", LARGE],
    ["chunked", null],
  ])("gives a body that was %s up at the deadline, and stops the read", async (_kind, length) => {
    const { clock, used, limits, see } = scene();
    const { request, state, ...writer } = inPieces(length);
    const reading = code(holdBody(request, limits, see));
    await quiet();
    writer.send(10);
    await quiet();
    clock.advance(30_250);
    expect(await reading).toBe("request_timeout");
    await quiet();
    expect(used()).toBe(0);
    expect(state.cancelled).toBe(true);
  });

  test("gives a body up at the deadline while it waits for room, and takes none when that comes", async () => {
    const { clock, budgets, used, limits, see } = scene(LARGE);
    const deadlines = new Deadlines(clock, 1_000);
    budgets.large.take("other", LARGE);
    const reading = code(holdBody(inPieces(LARGE).request, { ...limits, deadlines }, see));
    await quiet();
    clock.advance(1_250);
    expect(await reading).toBe("request_timeout");
    budgets.large.give("other", LARGE);
    await quiet();
    expect(used()).toBe(0);
  });

  test("refuses what is announced or becomes too large, and what breaks off", async () => {
    const { used, limits, see } = scene();
    expect(await code(holdBody(inPieces(MAX + 1).request, limits, see))).toBe("too_large");
    const growing = inPieces(null);
    const reading = code(holdBody(growing.request, limits, see));
    growing.send(MAX);
    growing.send(1);
    expect(await reading).toBe("too_large");
    const broken = inPieces(LARGE);
    const cut = code(holdBody(broken.request, limits, see));
    broken.send(10);
    await quiet();
    broken.break();
    expect(await cut).toBe("bad_request");
    expect(used()).toBe(0);
  });

  test("counts the moment in which a chunked body is joined", async () => {
    const { used, limits, see } = scene(LARGE);
    const { request, ...writer } = inPieces(null);
    const reading = code(holdBody(request, limits, see));
    writer.send(LARGE / 2 + 1);
    writer.send(LARGE / 4);
    writer.end();
    expect(await reading).toBe("overloaded");
    expect(used()).toBe(0);
  });

  test("lets nobody take all the room by announcing it: once that is full, small bodies are counted as they come", async () => {
    const { budgets, used, limits, see } = scene();
    budgets.announced.take(200_000);
    const { request, ...writer } = inPieces(60_000);
    const reading = holdBody(request, limits, see);
    await quiet();
    expect(budgets.counted.used).toBe(0);
    writer.send(1);
    await quiet();
    expect(budgets.counted.used).toBe(1);
    writer.send(9);
    writer.end();
    const held = await reading;
    expect(held.bytes.length).toBe(10);
    held.release();
    expect(used()).toBe(200_000);
  });

  test("cuts a large body off that does not keep the pace at which it would be whole in time, and frees its room", async () => {
    const { clock, used, limits, see } = scene();
    const { request, ...writer } = inPieces(900_000);
    const reading = code(holdBody(request, limits, see));
    await quiet();
    writer.send(10);
    await quiet();
    clock.advance(3_000);
    await quiet();
    expect(used()).toBe(900_000);
    clock.advance(1_000);
    expect(await reading).toBe("request_timeout");
    expect(used()).toBe(0);
  });

  test("has room of its own for large bodies of those who have proved themselves", async () => {
    const { budgets, limits, see } = scene(LARGE);
    budgets.large.take("stranger", LARGE);
    const body = new Uint8Array(LARGE).fill(7);
    const request = new Request("http://h/", { method: "POST", body, headers: { "Content-Length": String(LARGE) } });
    const held = await holdBody(request, { ...limits, proven: true }, see);
    expect([held.bytes.length, budgets.proven.used]).toEqual([LARGE, LARGE]);
    held.release();
    expect([budgets.proven.used, budgets.large.used]).toEqual([0, LARGE]);
  });

  test("lets a large body that keeps pace take its time", async () => {
    const { clock, limits, see } = scene();
    const { request, ...writer } = inPieces(900_000);
    const reading = holdBody(request, limits, see);
    await quiet();
    for (let i = 0; i < 25; i += 1) {
      writer.send(36_000);
      await quiet();
      clock.advance(1_000);
      await quiet();
    }
    writer.end();
    expect((await reading).bytes.length).toBe(900_000);
  });
});

describe("holdBody behind a real server", () => {
  const servers: { stop(closeActive?: boolean): unknown }[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.stop(true);
  });

  test("reads 3 MB to the byte, announced and chunked", async () => {
    const limits = { ...scene(64_000_000).limits, maxBytes: 4_000_000 };
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        const hash = new Bun.CryptoHasher("sha256");
        const held = await holdBody(request, limits, (bytes) => void hash.update(bytes));
        held.release();
        const again = new Bun.CryptoHasher("sha256").update(held.bytes).digest("hex");
        return new Response(`${held.bytes.length} ${hash.digest("hex") === again} ${again}`);
      },
    });
    servers.push(server);
    const body = new Uint8Array(3_000_000).map((_, i) => (i * 31) % 251);
    const expected = `3000000 true ${new Bun.CryptoHasher("sha256").update(body).digest("hex")}`;
    const post = async (sent: RequestInit["body"]) =>
      (await fetch(server.url, { method: "POST", ...(sent === undefined ? {} : { body: sent }) })).text();
    expect(await post(body)).toBe(expected);
    const stream = new Blob([body]).stream();
    expect(await post(stream)).toBe(expected);
  });
});
