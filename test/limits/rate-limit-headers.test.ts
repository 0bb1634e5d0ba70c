import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { policyField, rateLimitField, wholeSeconds } from "../../src/limits/rate-limit-headers.ts";

describe("RateLimit fields", () => {
  test("are written as the draft's examples are", () => {
    expect(policyField({ name: "default", limit: 60, windowMs: 60_000 })).toBe('"default";q=60;w=60');
    expect(rateLimitField("default", { remaining: 12, resetMs: 34_000 })).toBe('"default";r=12;t=34');
    expect(rateLimitField("reads", { remaining: 0, resetMs: 1 })).toBe('"reads";r=0;t=1');
  });

  test("never promise quota too early", () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), (ms) => {
        expect(wholeSeconds(ms) * 1_000).toBeGreaterThanOrEqual(ms);
        expect(wholeSeconds(ms) * 1_000 - ms).toBeLessThan(1_000);
      }),
    );
  });
});
