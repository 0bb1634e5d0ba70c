import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { nextAttemptAt, RETRY_DELAYS_MS } from "../../src/inbox/retry-policy.ts";

const NOW = Date.parse("2026-11-22T12:00:00.000Z");

function drawing(byte: number) {
  return { bytes: (length: number) => new Uint8Array(length).fill(byte) };
}

test("nextAttemptAt waits 5 s, 30 s, 2 min, 10 min, 1 h, 6 h give or take, and then no more", () => {
  const plan = [5, 30, 120, 600, 3_600, 21_600];
  for (const [i, seconds] of plan.entries()) {
    const at = nextAttemptAt(i + 1, NOW, drawing(127)) ?? 0;
    expect(Math.abs((at - NOW) / 1_000 / seconds - 1)).toBeLessThan(0.001);
  }
  expect(nextAttemptAt(plan.length + 1, NOW, drawing(127))).toBeNull();
});

test("nextAttemptAt stays within a fifth of the delay, on both sides, and uses all of that room", () => {
  expect(nextAttemptAt(1, NOW, drawing(0))).toBe(NOW + 4_000);
  expect(nextAttemptAt(1, NOW, drawing(255))).toBe(NOW + 6_000);
  void fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(255), (attempt, byte) => {
      const delay = RETRY_DELAYS_MS[attempt - 1] ?? 0;
      const at = nextAttemptAt(attempt, NOW, drawing(byte)) ?? 0;
      expect(Math.abs(at - NOW - delay)).toBeLessThanOrEqual(delay / 5 + 1);
      expect(Number.isInteger(at)).toBe(true);
    }),
  );
});

test("nextAttemptAt gives up on attempts that are no longer in the plan", () => {
  for (const attempt of [7, 8, 1_000]) expect(nextAttemptAt(attempt, NOW, drawing(1))).toBeNull();
});
