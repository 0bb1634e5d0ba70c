import { expect, test } from "bun:test";
import fc from "fast-check";
import { humanBytes, oneLine } from "../../../src/inbox/summary/plain.ts";

test("oneLine() of any text is one line within its length, of whole characters that can be seen", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 500 }), fc.integer({ min: 2, max: 100 }), (text, max) => {
      const line = oneLine(text, max);
      expect(line).not.toMatch(/[\p{Cc}\u2028-\u202e\u2066-\u2069\ufeff]/u);
      expect(line.length).toBeLessThanOrEqual(max);
      expect(line.isWellFormed()).toBe(true);
      expect(line).toBe(line.trim());
    }),
  );
});

test("oneLine() keeps what joins emoji and letters", () => {
  expect(oneLine("👩‍👧  می‌خواهم\n")).toBe("👩‍👧 می‌خواهم");
});

test("humanBytes() counts in 1,024s", () => {
  expect([0, 1, 1_023, 1_024, 1_234, 65_536, 26_214_400].map(humanBytes)).toEqual([
    "0 bytes",
    "1 byte",
    "1023 bytes",
    "1.0 KB",
    "1.2 KB",
    "64.0 KB",
    "25.0 MB",
  ]);
});
