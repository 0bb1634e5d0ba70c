import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { below, type Random, systemRandom } from "../../src/lib/random.ts";

function given(bytes: readonly number[]): Random {
  let next = 0;
  return { bytes: (length) => Uint8Array.from({ length }, () => bytes[next++] ?? 0) };
}

describe("below", () => {
  test("gives every number equally often over all bytes that it uses", () => {
    for (const limit of [1, 2, 3, 10, 26, 100, 255, 256]) {
      const counts = new Array<number>(limit).fill(0);
      const usable = 256 - (256 % limit);
      const random = given(Array.from({ length: 256 }, (_, byte) => byte));
      for (let i = 0; i < usable; i += 1) counts[below(random, limit)]! += 1;
      expect(new Set(counts)).toEqual(new Set([usable / limit]));
    }
  });

  test("draws again for a byte past the last whole multiple", () => {
    expect(below(given([255, 254, 250, 7]), 10)).toBe(7);
  });

  test("stays below its limit", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), (limit) => {
        const n = below(systemRandom, limit);
        expect(Number.isInteger(n) && n >= 0 && n < limit).toBe(true);
      }),
    );
  });
});

describe("systemRandom", () => {
  test("gives as many bytes as asked for, others each time", () => {
    expect([systemRandom.bytes(0).length, systemRandom.bytes(32).length]).toEqual([0, 32]);
    expect(systemRandom.bytes(32)).not.toEqual(systemRandom.bytes(32));
  });
});
