import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { newId, timeOfId } from "../../src/lib/ids.ts";

const MAX_TIME = 2 ** 48 - 1; // RFC 9562 §5.7: 48 bits of milliseconds

describe("newId", () => {
  test("is a UUID of version 7 that carries its time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_TIME }), (ms) => {
        const id = newId(ms);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(timeOfId(id)).toBe(ms);
      }),
    );
  });

  test("sorts by time", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_TIME - 1 }), fc.integer({ min: 1, max: 1_000_000 }), (ms, later) => {
        expect(newId(ms) < newId(Math.min(MAX_TIME, ms + later))).toBe(true);
      }),
    );
  });

  test("is another each time, also within a millisecond", () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newId(1_000))).size).toBe(10_000);
  });
});
