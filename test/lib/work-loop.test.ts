import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WorkLoop } from "../../src/lib/work-loop.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

function scene(waiting: string[], maxConcurrent = 2) {
  const clock = new ManualClock();
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const state = { claims: 0, failing: false, failures: 0 };
  const loop = new WorkLoop<string>({
    maxConcurrent,
    clock,
    claim: async (room) => {
      state.claims += 1;
      if (state.failing) throw new Error("disk full");
      return waiting.splice(0, room());
    },
    claimFailed: () => {
      state.failures += 1;
    },
    work: (item) => {
      begun.push(item);
      return new Promise((resolve) => ends.set(item, resolve));
    },
  });
  const end = async (item: string) => {
    ends.get(item)?.();
    await quiet();
  };
  return { clock, begun, state, loop, end };
}

describe("WorkLoop", () => {
  test("does at most so many at a time, and the next as soon as one ends", async () => {
    const { begun, loop, end } = scene(["a", "b", "c"]);
    loop.start();
    await quiet();
    expect(begun).toEqual(["a", "b"]);
    await end("b");
    expect(begun).toEqual(["a", "b", "c"]);
    expect(loop.running).toBe(2);
  });

  test("asks once for work that is not there, and again when told or after a second", async () => {
    const waiting: string[] = [];
    const { clock, begun, state, loop } = scene(waiting);
    loop.start();
    await quiet();
    expect(state.claims).toBe(1);
    waiting.push("a");
    loop.kick();
    await quiet();
    expect([begun, state.claims]).toEqual([["a"], 2]);
    waiting.push("b");
    clock.advance(1_000);
    await quiet();
    expect(begun).toEqual(["a", "b"]);
  });

  test("looks once more when it is told during a claim: that one may have looked too early", async () => {
    const { state, loop } = scene([]);
    loop.kick();
    loop.kick();
    loop.kick();
    await quiet();
    expect(state.claims).toBe(2);
  });

  test("tells of a claim that failed, and goes on a second later", async () => {
    const { clock, begun, state, loop } = scene(["a"]);
    state.failing = true;
    loop.start();
    await quiet();
    expect([begun, state.failures]).toEqual([[], 1]);
    state.failing = false;
    clock.advance(1_000);
    await quiet();
    expect(begun).toEqual(["a"]);
  });

  test("claims nothing once it is stopped, and is idle when what was running has ended", async () => {
    const { clock, begun, loop, end } = scene(["a", "b", "c"], 1);
    loop.start();
    await quiet();
    loop.stop();
    let idle = false;
    void loop.idle().then(() => {
      idle = true;
    });
    await quiet();
    expect(idle).toBe(false);
    await end("a");
    clock.advance(5_000);
    loop.kick();
    await quiet();
    expect([begun, idle, clock.timers]).toEqual([["a"], true, 0]);
  });

  test("does every piece of work once, whatever ends in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(30), { maxLength: 30 }), async (max, order) => {
        const all = Array.from({ length: 20 }, (_, i) => String(i));
        const { clock, begun, loop, end } = scene([...all], max);
        loop.start();
        await quiet();
        for (const pick of order) {
          const item = begun[pick % Math.max(1, begun.length)];
          if (item !== undefined) await end(item);
          expect(loop.running).toBeLessThanOrEqual(max);
        }
        for (let i = 0; i < all.length; i += 1) {
          for (const item of [...begun]) await end(item);
          clock.advance(1_000);
          await quiet();
        }
        expect(begun.toSorted((a, b) => Number(a) - Number(b))).toEqual(all);
        expect(loop.running).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});
