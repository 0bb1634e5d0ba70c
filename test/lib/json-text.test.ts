import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { jsonText } from "../../src/lib/json-text.ts";

describe("jsonText", () => {
  test("is JSON.stringify's text where that fits", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(jsonText(value, 1_000_000)).toBe(JSON.stringify(value));
      }),
    );
  });

  test("is never longer than it may be, and then begins like the whole text", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.integer({ min: 1, max: 60 }), (value, max) => {
        const text = jsonText(value, max);
        expect(text.length).toBeLessThanOrEqual(max);
        expect(text.isWellFormed() || !JSON.stringify(value).isWellFormed()).toBe(true);
        if (JSON.stringify(value).length > max) expect(text).toEndWith("…");
        expect(JSON.stringify(value).startsWith(text.replace(/…$/, "").slice(0, -1))).toBe(true);
      }),
    );
  });

  test("stops at 32 levels, however deep the value is", () => {
    let deep: unknown = "bottom";
    for (let i = 0; i < 100_000; i += 1) deep = [deep];

    expect(jsonText(deep, 1_000)).toBe(`${"[".repeat(32)}…${"]".repeat(32)}`);
  });

  test("writes null for what JSON has no words for", () => {
    expect(jsonText(undefined, 10)).toBe("null");
    expect(jsonText(Number.NaN, 10)).toBe("null");
  });
});
