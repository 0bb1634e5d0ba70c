import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ByteBudget } from "../../src/limits/byte-budget.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

describe("ByteBudget", () => {
  test("gives out exactly its limit, and again what came back", () => {
    const budget = new ByteBudget(100);
    expect([budget.take(60), budget.take(41), budget.take(40), budget.take(1)]).toEqual([true, false, true, false]);
    budget.give(60);
    expect([budget.used, budget.take(61), budget.take(60)]).toEqual([40, false, true]);
  });

  test("takes nothing when it refuses", () => {
    const budget = new ByteBudget(10);
    budget.take(11);
    expect([budget.used, budget.take(10), budget.take(0)]).toEqual([0, true, true]);
  });

  test("refuses to grow: neither by giving back too much nor by numbers that are no count", () => {
    const budget = new ByteBudget(10);
    budget.take(4);
    expect(() => budget.give(5)).toThrow("Cannot give back 5 bytes: only 4 are taken");
    for (const n of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => budget.take(n)).toThrow(RangeError);
      expect(() => budget.give(n)).toThrow(RangeError);
    }
    expect(budget.used).toBe(4);
  });

  test("lets those who wait in, in the order they came, as soon as there is room", async () => {
    const clock = new ManualClock();
    const budget = new ByteBudget(100);
    budget.take(100);
    const entered: string[] = [];
    const wait = (name: string, n: number) =>
      budget.takeInTurn(n, 5_000, clock).then((is) => void entered.push(`${name} ${is}`));
    const all = [wait("large", 80), wait("small", 10), wait("last", 30)];
    budget.give(50);
    await quiet();
    expect(entered).toEqual([]); // the small one would fit, but it came later
    budget.give(30);
    await quiet();
    expect(entered).toEqual(["large true"]);
    budget.give(10);
    await quiet();
    expect([...entered]).toEqual(["large true", "small true"]);
    clock.advance(5_000);
    await Promise.all(all);
    expect([...entered]).toEqual(["large true", "small true", "last false"]);
    expect(budget.used).toBe(100);
    budget.give(100);
    expect(await budget.takeInTurn(100, 5_000, clock)).toBe(true);
  });

  test("lets the next one in when the one in front gives up", async () => {
    const clock = new ManualClock();
    const budget = new ByteBudget(100);
    budget.take(50);
    const front = budget.takeInTurn(90, 1_000, clock);
    const behind = budget.takeInTurn(40, 5_000, clock);
    clock.advance(1_000);
    expect([await front, await behind]).toEqual([false, true]);
  });

  test("does not wait for what never fits", async () => {
    const budget = new ByteBudget(10);
    expect(await budget.takeInTurn(11, 5_000, new ManualClock())).toBe(false);
  });

  test("never holds more than its limit, and loses nothing, whoever takes, waits and gives back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.boolean()), { maxLength: 40 }),
        async (steps) => {
          const clock = new ManualClock();
          const budget = new ByteBudget(100);
          const held: number[] = [];
          const waiting: Promise<void>[] = [];
          for (const [n, waits] of steps) {
            if (waits) waiting.push(budget.takeInTurn(n, 1_000, clock).then((is) => void (is && held.push(n))));
            else if (budget.take(n)) held.push(n);
            if (n % 3 === 0) budget.give(held.shift() ?? 0);
            await quiet();
            expect(budget.used).toBeLessThanOrEqual(100);
          }
          clock.advance(1_000);
          await Promise.all(waiting);
          expect(budget.used).toBe(held.reduce((sum, n) => sum + n, 0));
        },
      ),
      { numRuns: 50 },
    );
  });
});
