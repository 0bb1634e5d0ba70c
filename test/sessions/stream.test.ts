import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { DeltaFrame, ResponseFrame, RunFrame } from "../../src/protocol/frames.ts";
import { type Published, SessionStream, type StreamSource } from "../../src/sessions/stream.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { quiet } from "../support/agent.ts";

const MEGABYTE = "x".repeat(1024 * 1024);

function delta(seq: number, content = "a"): DeltaFrame {
  return { type: "delta", run_id: "r", message_id: "m", session_id: "s", seq, attempt: 1, content };
}

function response(seq: number, content = "all"): ResponseFrame {
  return { type: "response", content, session_id: "s", message_id: "m", run_id: "r", seq, model: "x" };
}

/** A disk that holds terminal frames and the reserved limit. */
class Disk implements StreamSource {
  readonly ended: RunFrame[] = [];
  reserved = 1;
  reservations = 0;
  /** How many of the next calls fail. */
  failures = 0;

  async terminals(after: number, upTo: number, limit: number): Promise<readonly RunFrame[]> {
    this.#refuse();
    return this.ended.filter(({ seq = 0 }) => seq > after && seq <= upTo).slice(0, limit);
  }

  async reserve(limit: number): Promise<void> {
    this.#refuse();
    this.reservations += 1;
    this.reserved = Math.max(this.reserved, limit);
  }

  #refuse(): void {
    if (this.failures === 0) return;
    this.failures -= 1;
    throw new StoreUnavailable("Cannot write: the disk is full");
  }
}

interface Reading {
  readonly seen: Published[];
  readonly caughtUp: number[];
  readonly stop: () => void;
  readonly over: Promise<void>;
}

function readAll(stream: SessionStream, after: number, pause?: () => Promise<void>): Reading {
  const abort = new AbortController();
  const seen: Published[] = [];
  const caughtUp: number[] = [];
  const over = (async () => {
    for await (const item of stream.read(after, abort.signal, () => caughtUp.push(seen.length))) {
      seen.push(item);
      await pause?.();
    }
  })();
  return { seen, caughtUp, over, stop: () => abort.abort() };
}

function seqs(reading: Reading): (number | undefined)[] {
  return reading.seen.map(({ frame }) => frame.seq);
}

describe("the numbers of a SessionStream", () => {
  test("begin at 1 and rise by one", async () => {
    const stream = new SessionStream(new Disk(), 1);
    expect([await stream.nextSeq(), await stream.nextSeq(), await stream.nextSeq()]).toEqual([1, 2, 3]);
    expect(stream.last).toBe(3);
  });

  test("are on disk as reserved before one of them is given out", async () => {
    const disk = new Disk();
    const stream = new SessionStream(disk, 1);
    for (let i = 0; i < 3_000; i += 1) expect(await stream.nextSeq()).toBeLessThan(disk.reserved);
  });

  test("cost one write for a thousand", async () => {
    const disk = new Disk();
    const stream = new SessionStream(disk, 1);
    for (let i = 0; i < 10_000; i += 1) await stream.nextSeq();
    expect(disk.reservations).toBeLessThanOrEqual(14);
  });

  test("never repeat over restarts, however many were used", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 2_500 }), { maxLength: 5 }), async (lives) => {
        const disk = new Disk();
        let highest = 0;
        for (const count of lives) {
          const stream = new SessionStream(disk, disk.reserved);
          for (let i = 0; i < count; i += 1) {
            const seq = await stream.nextSeq();
            expect(seq).toBeGreaterThan(highest);
            highest = seq;
          }
        }
      }),
      { numRuns: 15 },
    );
  });

  test("are all different when many ask at once and reserving fails now and then", async () => {
    const disk = new Disk();
    const stream = new SessionStream(disk, 1);
    disk.failures = 1;
    const asked = await Promise.allSettled(Array.from({ length: 50 }, () => stream.nextSeq()));
    expect(asked.every(({ status }) => status === "rejected")).toBe(true);
    const given = await Promise.all(Array.from({ length: 2_000 }, () => stream.nextSeq()));
    expect(new Set(given).size).toBe(2_000);
  });

  test("go on while an early reservation fails, and stop only when the block is used up", async () => {
    const disk = new Disk();
    const stream = new SessionStream(disk, 1);
    await stream.nextSeq();
    disk.failures = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 1_023; i += 1) await stream.nextSeq();
    await expect(stream.nextSeq()).rejects.toThrow(StoreUnavailable);
    disk.failures = 0;
    expect(await stream.nextSeq()).toBe(1_025);
  });
});

describe("a number that is given out exclusively", () => {
  test("keeps others' numbers back until its frame is there, so that no reader passes it by", async () => {
    const stream = new SessionStream(new Disk(), 1);
    const reading = readAll(stream, 0);
    const gate = Promise.withResolvers<void>();
    const slow = stream.exclusively(async (seq) => {
      await gate.promise;
      stream.append(response(seq));
    });
    await quiet();
    let next: number | null = null;
    const other = stream.nextSeq().then((seq) => {
      next = seq;
      stream.append(delta(seq));
    });
    await quiet();
    expect([next, reading.seen.length]).toEqual([null, 0]);
    gate.resolve();
    await Promise.all([slow, other]);
    await quiet();
    expect(reading.seen.map(({ frame }) => [frame.seq, frame.type])).toEqual([
      [1, "response"],
      [2, "delta"],
    ]);
    reading.stop();
    await reading.over;
  });

  test("comes first although somebody waited for the same block of numbers before", async () => {
    const stream = new SessionStream(new Disk(), 1);
    const reading = readAll(stream, 0);
    const waiting = stream.nextSeq().then((seq) => stream.append(delta(seq)));
    const slow = stream.exclusively(async (seq) => {
      await quiet();
      stream.append(response(seq));
    });
    await Promise.all([waiting, slow]);
    await quiet();
    const seen = reading.seen.map(({ frame }) => frame.seq ?? 0);
    expect(seen).toEqual([1, 2]);
    reading.stop();
    await reading.over;
  });

  test("that is not used up holds nobody back for ever, and several take turns", async () => {
    const stream = new SessionStream(new Disk(), 1);
    const failed = await stream
      .exclusively(() => Promise.reject(new StoreUnavailable("disk full")))
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(StoreUnavailable);
    const order: number[] = [];
    const one = (seq: number) => quiet().then(() => void order.push(seq));
    await Promise.all([
      stream.exclusively(one),
      stream.exclusively(one),
      stream.nextSeq().then((seq) => order.push(seq)),
    ]);
    expect(order.toSorted((a, b) => a - b)).toEqual(order);
    expect(new Set(order).size).toBe(3);
  });
});

describe("a reader of a SessionStream", () => {
  test("gets what is there after its place, then what comes", async () => {
    const stream = new SessionStream(new Disk(), 1);
    for (const seq of [1, 2, 3]) stream.append(delta(seq));
    const reading = readAll(stream, 1);
    await quiet();
    expect(seqs(reading)).toEqual([2, 3]);
    stream.append(response(4));
    await quiet();
    expect(seqs(reading)).toEqual([2, 3, 4]);
    expect(reading.seen.at(-1)?.json).toBe(JSON.stringify(response(4)));
    reading.stop();
    await reading.over;
  });

  test("is told when it has caught up, also when there was nothing to catch up with", async () => {
    const stream = new SessionStream(new Disk(), 1);
    const early = readAll(stream, 0);
    await quiet();
    expect(early.caughtUp).toEqual([0]);
    stream.append(delta(1));
    stream.append(delta(2));
    const late = readAll(stream, 0);
    await quiet();
    expect(early.caughtUp).toEqual([0, 2]);
    expect(late.caughtUp).toEqual([2]);
    early.stop();
    late.stop();
  });

  test("leaves nothing behind when it goes while it waits", async () => {
    const stream = new SessionStream(new Disk(), 1);
    const readings = Array.from({ length: 10 }, () => readAll(stream, 0));
    await quiet();
    expect([stream.readers, stream.waiting]).toEqual([10, 10]);
    for (const reading of readings) reading.stop();
    await Promise.all(readings.map(({ over }) => over));
    expect([stream.readers, stream.waiting]).toEqual([0, 0]);
  });

  test("that begins with an aborted signal reads nothing", async () => {
    const stream = new SessionStream(new Disk(), 1);
    stream.append(delta(1));
    const seen: Published[] = [];
    for await (const item of stream.read(0, AbortSignal.abort())) seen.push(item);
    expect(seen).toEqual([]);
  });

  test("takes what is left when the stream ends, and is done", async () => {
    const stream = new SessionStream(new Disk(), 1);
    const waiting = readAll(stream, 0);
    await quiet();
    stream.append(response(1));
    stream.end();
    await waiting.over;
    const late = readAll(stream, 0);
    await late.over;
    expect([seqs(waiting), seqs(late)]).toEqual([[1], [1]]);
  });

  test("of what memory has forgotten gets the terminal frames from disk, in pages", async () => {
    const disk = new Disk();
    for (let seq = 2; seq <= 400; seq += 2) disk.ended.push(response(seq));
    const stream = new SessionStream(disk, 401);
    stream.append(delta(401));
    const reading = readAll(stream, 100);
    await quiet();
    expect(seqs(reading)).toEqual([...Array.from({ length: 150 }, (_, i) => 102 + 2 * i), 401]);
    reading.stop();
  });

  test("hears that the disk cannot be read", async () => {
    const disk = new Disk();
    const stream = new SessionStream(disk, 10);
    disk.failures = 1;
    await expect(readAll(stream, 0).over).rejects.toThrow(StoreUnavailable);
    expect(stream.readers).toBe(0);
  });

  test("that was too slow for memory goes on with the whole answers from disk", async () => {
    const disk = new Disk();
    const stream = new SessionStream(disk, 1);
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    const reading = readAll(stream, 0, () => held);
    for (let seq = 1; seq <= 10; seq += 1) {
      const frame = response(seq, MEGABYTE);
      disk.ended.push(frame);
      stream.append(frame);
      await quiet();
    }
    expect(seqs(reading)).toEqual([1]);
    go();
    await quiet();
    expect(seqs(reading)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    reading.stop();
  });
});

describe("the memory of a SessionStream", () => {
  test("holds at most 4 MB, and always the latest frame", async () => {
    const stream = new SessionStream(new Disk(), 1);
    for (let seq = 1; seq <= 20; seq += 1) stream.append(delta(seq, MEGABYTE));
    const reading = readAll(stream, 0);
    await quiet();
    expect(reading.seen.length).toBeLessThanOrEqual(4);
    expect(seqs(reading).at(-1)).toBe(20);
    reading.stop();
    stream.append(delta(21, MEGABYTE.repeat(6)));
    const late = readAll(stream, 20);
    await quiet();
    expect(seqs(late)).toEqual([21]);
    late.stop();
  });

  test("is counted in bytes, not in characters", () => {
    const stream = new SessionStream(new Disk(), 1);
    stream.append(delta(1, "é".repeat(100)));
    expect(stream.written).toBe(Buffer.byteLength(JSON.stringify(delta(1, "é".repeat(100)))));
  });

  test("tells by `written` and `end` how far a reader is behind", async () => {
    const stream = new SessionStream(new Disk(), 1);
    stream.append(delta(1));
    const reading = readAll(stream, 0);
    await quiet();
    expect(stream.written - reading.seen[0]!.end).toBe(0);
    stream.append(delta(2, "later"));
    expect(stream.written - reading.seen[0]!.end).toBe(JSON.stringify(delta(2, "later")).length);
    reading.stop();
  });

  test("names its latest frame, not a number whose frame is still being committed", async () => {
    const stream = new SessionStream(new Disk(), 1);
    expect(stream.latest).toBe(0);
    stream.append(delta(await stream.nextSeq()));
    await stream.nextSeq();
    expect([stream.latest, stream.last]).toEqual([1, 2]);
    stream.forget();
    expect(stream.latest).toBe(1);
  });

  test("takes no frame without a number", () => {
    const stream = new SessionStream(new Disk(), 1);
    expect(() => stream.append({ type: "error", code: "x", detail: "y" })).toThrow("without a seq");
  });
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant("say" as const) },
  { weight: 2, arbitrary: fc.constant("finish" as const) },
  { weight: 2, arbitrary: fc.constant("read" as const) },
  { weight: 1, arbitrary: fc.constant("forget" as const) },
  { weight: 2, arbitrary: fc.constant("turn" as const) },
);

test("readers of any pace, come whenever, see every terminal frame once and nothing out of order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const disk = new Disk();
      const stream = new SessionStream(disk, 1);
      const readings: { readonly from: number; readonly reading: Reading }[] = [];
      for (const [i, action] of steps.entries()) {
        if (action === "say") stream.append(delta(await stream.nextSeq()));
        if (action === "finish") {
          const frame = response(await stream.nextSeq());
          disk.ended.push(frame); // on disk before anybody sees it
          stream.append(frame);
        }
        if (action === "read") {
          const from = i % 2 === 0 ? 0 : stream.latest;
          const slow = i % 3 === 0 ? quiet : undefined;
          readings.push({ from, reading: readAll(stream, from, slow) });
        }
        if (action === "forget") stream.forget();
        if (action === "turn") await quiet();
      }
      for (let i = 0; i < steps.length; i += 1) await quiet();
      for (const { from, reading } of readings) {
        const seen = seqs(reading);
        expect(seen).toEqual([...new Set(seen)].sort((a = 0, b = 0) => a - b));
        const ended = disk.ended.map(({ seq }) => seq).filter((seq = 0) => seq > from);
        expect(reading.seen.filter(({ frame }) => frame.type === "response").map(({ frame }) => frame.seq)).toEqual(
          ended,
        );
        reading.stop();
      }
      await Promise.all(readings.map(({ reading }) => reading.over));
      expect([stream.readers, stream.waiting]).toEqual([0, 0]);
    }),
    { numRuns: 25 },
  );
});
