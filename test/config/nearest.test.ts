import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fixedKeys } from "../../src/config/keys.ts";
import { nearest } from "../../src/config/nearest.ts";
import { distance } from "../../src/lib/nearest.ts";

describe("nearest", () => {
  test.each([
    ["gateway.prot", "gateway.port"],
    ["gateway.hosts", "gateway.host"],
    ["gateway.Port", "gateway.port"],
    ["gateway.ratelimit.enabled", "gateway.rate_limit.enabled"],
    ["gateway.max_requests_per_window", "gateway.rate_limit.max_requests_per_window"],
    ["agent.time_out_seconds", "agent.timeout_seconds"],
    ["store.uri", "store.url"],
  ])("takes %p for %p", (typed, meant) => {
    expect(nearest(typed, fixedKeys())).toBe(meant);
  });

  test.each(["gateway.colour", "x", "", "completely.different"])("has no idea what %p was meant to be", (typed) => {
    expect(nearest(typed, fixedKeys())).toBeNull();
  });

  test("does not guess between several keys that end alike", () => {
    expect(nearest("enabled", fixedKeys())).toBeNull();
  });
});

describe("distance", () => {
  test.each([
    ["", "", 0],
    ["port", "prot", 1],
    ["port", "por", 1],
    ["port", "pport", 1],
    ["port", "pxrt", 1],
    ["port", "host", 2],
    ["", "abc", 3],
  ])("from %p to %p is %p slips", (a, b, slips) => {
    expect(distance(a, b)).toBe(slips);
  });

  test("is the same both ways, and nothing only between equals", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b) === 0).toBe(a === b);
        expect(distance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});
