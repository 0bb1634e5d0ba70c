import { describe, expect, test } from "bun:test";
import { ByteBudget } from "../../src/limits/byte-budget.ts";

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
});
