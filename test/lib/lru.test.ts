import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Lru } from "../../src/lib/lru.ts";

describe("Lru", () => {
  test("forgets the entry that was used longest ago, and says which", () => {
    const lru = new Lru<string, number>(2);
    expect([lru.set("a", 1), lru.set("b", 2)]).toEqual([undefined, undefined]);
    expect(lru.get("a")).toBe(1);
    expect(lru.set("c", 3)).toEqual(["b", 2]);
    expect([...lru.entries()]).toEqual([
      ["a", 1],
      ["c", 3],
    ]);
  });

  test("is not reordered by a peek", () => {
    const lru = new Lru<string, number>(2);
    lru.set("a", 1);
    lru.set("b", 2);
    expect(lru.peek("a")).toBe(1);
    expect(lru.set("c", 3)).toEqual(["a", 1]);
  });

  test("refuses a capacity below 1", () => {
    for (const capacity of [0, -1, Number.NaN]) expect(() => new Lru(capacity)).toThrow(RangeError);
  });

  test("deletes and clears", () => {
    const lru = new Lru<string, number>(3);
    lru.set("a", 1);
    lru.set("b", 2);
    expect([lru.delete("a"), lru.delete("a"), lru.size]).toEqual([true, false, 1]);
    lru.clear();
    expect([lru.size, lru.get("b")]).toEqual([0, undefined]);
  });

  test("holds exactly the latest used keys, whatever the traffic", () => {
    const step = fc.record({ key: fc.nat(9), write: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 100 }), (capacity, steps) => {
        const lru = new Lru<number, number>(capacity);
        let model: number[] = []; // oldest first
        for (const { key, write } of steps) {
          const known = model.includes(key);
          if (write) lru.set(key, key * 10);
          else expect(lru.get(key)).toBe(known ? key * 10 : undefined);
          if (write || known) model = [...model.filter((other) => other !== key), key].slice(-capacity);
          expect(Array.from(lru.entries(), ([k]) => k)).toEqual(model);
        }
      }),
    );
  });
});
