import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { MAX_WAITING_FRAMES, Turns } from "../../src/ws/turns.ts";
import { quiet } from "../support/agent.ts";

describe("Turns", () => {
  test("does at once what nothing is in front of", () => {
    const turns = new Turns();
    const log: number[] = [];
    for (let i = 0; i < 200; i += 1) expect(turns.take(() => void log.push(i))).toBe(true);
    expect(log).toHaveLength(200);
  });

  test("lets 64 wait behind the one that is being done, refuses the next, and takes again later", async () => {
    const turns = new Turns();
    let open = () => {};
    turns.take(() => new Promise((resolve) => (open = resolve)));
    const log: number[] = [];
    for (let i = 0; i < MAX_WAITING_FRAMES; i += 1) expect(turns.take(() => void log.push(i))).toBe(true);
    expect(turns.take(() => undefined)).toBe(false);
    expect(log).toEqual([]);
    open();
    await quiet();
    expect(log).toEqual(Array.from({ length: MAX_WAITING_FRAMES }, (_, i) => i));
    expect(turns.take(() => void log.push(64))).toBe(true);
    expect(log.at(-1)).toBe(64);
  });

  test("forgets what waits when it is cleared", async () => {
    const turns = new Turns();
    let open = () => {};
    turns.take(() => new Promise((resolve) => (open = resolve)));
    let done = false;
    turns.take(() => {
      done = true;
    });
    turns.clear();
    open();
    await quiet();
    expect(done).toBe(false);
  });

  test("keeps the order for any mixture of quick and slow tasks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 60 }), async (waits) => {
        const turns = new Turns();
        const log: string[] = [];
        for (const [i, wait] of waits.entries()) {
          turns.take(() => {
            log.push(`+${i}`);
            if (wait === 0) return void log.push(`-${i}`);
            return (async () => {
              for (let n = 0; n < wait; n += 1) await Promise.resolve();
              log.push(`-${i}`);
            })();
          });
        }
        await quiet();
        expect(log).toEqual(waits.flatMap((_, i) => [`+${i}`, `-${i}`]));
      }),
      { numRuns: 30 },
    );
  });
});
