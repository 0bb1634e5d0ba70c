import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cutMiddle, estimateTokens } from "../../../src/agent/model/tokens.ts";

const text = fc.string({ unit: "grapheme", maxLength: 400 });

describe("estimateTokens()", () => {
  test.each([
    ["", 0],
    ["a", 1],
    ["abcd", 1],
    ["abcde", 2],
    ["Привет", 3],
    ["你好世界", 4],
    ["😀", 2],
  ])("takes %p for %p tokens", (given, tokens) => {
    expect(estimateTokens(given)).toBe(tokens);
  });

  test("never gets smaller when a text gets longer, and two texts together cost no more than apart", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const both = estimateTokens(a + b);
        expect(both).toBeGreaterThanOrEqual(Math.max(estimateTokens(a), estimateTokens(b)));
        expect(both).toBeLessThanOrEqual(estimateTokens(a) + estimateTokens(b));
      }),
    );
  });

  test("is between a quarter of the length and all of it", () => {
    fc.assert(
      fc.property(text, (a) => {
        expect(estimateTokens(a)).toBeWithin(Math.ceil(a.length / 4), a.length + 1);
      }),
    );
  });
});

describe("cutMiddle()", () => {
  test("leaves a text that fits as it is", () => {
    expect(cutMiddle("short", 2)).toBe("short");
  });

  test("keeps the beginning and the end, and says how much is missing", () => {
    const cut = cutMiddle(`BEGIN ${"x".repeat(8_000)} END`, 200);
    expect(cut).toMatch(/^BEGIN x+\n\[… \d+ characters are left out here, the text is too long …\]\nx+ END$/);
    const missing = Number(/… (\d+) /.exec(cut)?.[1]);
    expect(cut.replace(/\n\[.*\]\n/, "").length + missing).toBe(8_010);
  });

  test("gives at most what is allowed, and never half a character", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 30, max: 200 }), (given, max) => {
        const cut = cutMiddle(given.repeat(9), max);
        expect(estimateTokens(cut)).toBeLessThanOrEqual(max);
        if (given.isWellFormed()) expect(cut.isWellFormed()).toBe(true);
      }),
    );
  });
});
