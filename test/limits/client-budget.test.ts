import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ClientBudget } from "../../src/limits/client-budget.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

function scene(limit = 100, share = 50) {
  const clock = new ManualClock();
  const budget = new ClientBudget(limit, share);
  const entered: string[] = [];
  const wait = (client: string, n: number) =>
    budget.takeInTurn(client, n, 5_000, clock).then((is) => void entered.push(`${client} ${n} ${is}`));
  return { clock, budget, entered, wait };
}

describe("ClientBudget", () => {
  test("gives one client one thing of any size, and more than one only within its share", () => {
    const { budget } = scene();
    expect(budget.take("a", 80)).toBe(true);
    expect(budget.take("a", 1)).toBe(false);
    budget.give("a", 80);
    expect([budget.take("a", 30), budget.take("a", 20), budget.take("a", 1)]).toEqual([true, true, false]);
    expect([budget.take("b", 50), budget.take("c", 1)]).toEqual([true, false]);
    expect(budget.used).toBe(100);
  });

  test("lets those who wait in, in the order they came, as soon as there is room", async () => {
    const { clock, budget, entered, wait } = scene();
    budget.take("x", 100);
    const all = [wait("a", 80), wait("b", 10), wait("c", 30)];
    budget.give("x", 50);
    await quiet();
    expect(entered).toEqual([]); // b would fit, but it came later
    budget.give("x", 30);
    await quiet();
    expect(entered).toEqual(["a 80 true"]);
    budget.give("x", 10);
    await quiet();
    expect(entered).toEqual(["a 80 true", "b 10 true"]);
    clock.advance(5_000);
    await Promise.all(all);
    expect(entered).toEqual(["a 80 true", "b 10 true", "c 30 false"]);
  });

  test("passes those who wait for their own share, so that one client's queue holds up nobody else", async () => {
    const { budget, entered, wait } = scene();
    budget.take("greedy", 40);
    void wait("greedy", 40);
    void wait("greedy", 30);
    void wait("other", 20);
    await quiet();
    expect(entered).toEqual(["other 20 true"]);
    budget.give("greedy", 40);
    await quiet();
    expect(entered).toEqual(["other 20 true", "greedy 40 true"]);
  });

  test("lets the next one in when the one in front gives up, and does not wait for what never fits", async () => {
    const { clock, budget } = scene();
    budget.take("x", 50);
    const front = budget.takeInTurn("a", 90, 1_000, clock);
    const behind = budget.takeInTurn("b", 40, 5_000, clock);
    clock.advance(1_000);
    expect([await front, await behind]).toEqual([false, true]);
    expect(await budget.takeInTurn("c", 101, 5_000, clock)).toBe(false);
  });

  test("refuses to grow: neither by giving back too much nor by numbers that are no count", () => {
    const { budget } = scene();
    budget.take("a", 4);
    expect(() => budget.give("a", 5)).toThrow("Cannot give back 5 bytes: only 4 are taken");
    expect(() => budget.give("b", 1)).toThrow(RangeError);
    for (const n of [-1, 0.5, Number.NaN]) expect(() => budget.take("a", n)).toThrow(RangeError);
    expect(budget.used).toBe(4);
  });

  test("never holds more than its limit, and loses nothing, whoever takes, waits and gives back", async () => {
    const step = fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 60 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, budget } = scene();
        const held: [string, number][] = [];
        const waiting: Promise<void>[] = [];
        for (const [client, n, waits] of steps) {
          const keep = (is: boolean) => void (is && held.push([client, n]));
          if (waits) waiting.push(budget.takeInTurn(client, n, 1_000, clock).then(keep));
          else keep(budget.take(client, n));
          const back = n % 3 === 0 ? held.shift() : undefined;
          if (back) budget.give(...back);
          await quiet();
          expect(budget.used).toBeLessThanOrEqual(100);
        }
        clock.advance(1_000);
        await Promise.all(waiting);
        expect(budget.used).toBe(held.reduce((sum, [, n]) => sum + n, 0));
      }),
      { numRuns: 50 },
    );
  });
});
