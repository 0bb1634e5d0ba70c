import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RingBuffer } from "../../src/lib/ring-buffer.ts";

describe("RingBuffer", () => {
  test("knows nothing when it is empty", () => {
    const ring = new RingBuffer(3);
    expect([ring.size, ring.full, ring.oldest(), ring.newest()]).toEqual([0, false, undefined, undefined]);
    ring.dropThrough(Number.POSITIVE_INFINITY);
    expect(ring.size).toBe(0);
  });

  test("refuses more numbers than its limit and keeps those it has", () => {
    const ring = new RingBuffer(2);
    ring.push(1);
    ring.push(2);
    expect(() => ring.push(3)).toThrow("holds its 2 numbers already");
    expect([ring.full, ring.oldest(), ring.newest()]).toEqual([true, 1, 2]);
  });

  test("drops from the oldest on, up to and including the bound", () => {
    const ring = new RingBuffer(5);
    for (const value of [10, 20, 20, 30]) ring.push(value);
    ring.dropThrough(9);
    expect(ring.size).toBe(4);
    ring.dropThrough(20);
    expect([ring.size, ring.oldest(), ring.newest()]).toEqual([1, 30, 30]);
  });

  test("keeps the order when it grows in the middle of a turn", () => {
    const ring = new RingBuffer(20);
    for (let value = 0; value < 8; value += 1) ring.push(value);
    ring.dropThrough(4);
    for (let value = 8; value < 20; value += 1) ring.push(value);
    const seen: (number | undefined)[] = [];
    for (; ring.size > 0; ring.dropThrough(ring.oldest() ?? 0)) seen.push(ring.oldest());
    expect(seen).toEqual(Array.from({ length: 15 }, (_, i) => i + 5));
  });

  test("does as an array would, through growth and wrapping", () => {
    const step = fc.oneof(
      fc.nat(20).map((gap) => ({ push: gap })),
      fc.nat(400).map((back) => ({ drop: back })),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 200 }), (limit, steps) => {
        const ring = new RingBuffer(limit);
        let model: number[] = [];
        let now = 0;
        for (const next of steps) {
          if ("push" in next) {
            now += next.push;
            if (model.length === limit) expect(() => ring.push(now)).toThrow(RangeError);
            else {
              ring.push(now);
              model.push(now);
            }
          } else {
            ring.dropThrough(now - next.drop);
            model = model.filter((value) => value > now - next.drop);
          }
          expect([ring.size, ring.full]).toEqual([model.length, model.length === limit]);
          expect([ring.oldest(), ring.newest()]).toEqual([model[0], model.at(-1)]);
        }
      }),
    );
  });
});
