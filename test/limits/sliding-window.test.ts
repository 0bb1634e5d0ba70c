import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SlidingWindow } from "../../src/limits/sliding-window.ts";

describe("SlidingWindow", () => {
  test("frees a slot exactly one window after it was used", () => {
    const window = new SlidingWindow(1, 60_000);
    expect(window.hit(0)).toBe(0);
    expect(window.hit(59_999)).toBe(-1);
    expect(window.hit(60_000)).toBe(0);
  });

  test("counts down what remains and then says how long to wait", () => {
    const window = new SlidingWindow(3, 1_000);
    expect([window.hit(0), window.hit(100), window.hit(200)]).toEqual([2, 1, 0]);
    expect([window.hit(250), window.hit(999)]).toEqual([-750, -1]);
    expect([window.hit(1_000), window.hit(1_050)]).toEqual([0, -50]);
  });

  test("does not count refused hits", () => {
    const window = new SlidingWindow(1, 1_000);
    window.hit(0);
    for (let at = 1; at < 1_000; at += 1) expect(window.hit(at)).toBe(at - 1_000);
    expect(window.hit(1_000)).toBe(0);
  });

  test("bounds a clock that does not move", () => {
    const window = new SlidingWindow(5, 1_000);
    const left = Array.from({ length: 8 }, () => window.hit(42));
    expect(left).toEqual([4, 3, 2, 1, 0, -1_000, -1_000, -1_000]);
  });

  test("says how it stands without counting", () => {
    const window = new SlidingWindow(2, 1_000);
    expect([window.remaining(0), window.resetMs(0), window.idle(0)]).toEqual([2, 0, true]);
    window.hit(0);
    expect([window.remaining(400), window.resetMs(400), window.idle(400)]).toEqual([1, 600, false]);
    expect([window.remaining(400), window.idle(999), window.idle(1_000)]).toEqual([1, false, true]);
    expect([window.remaining(1_000), window.resetMs(1_000)]).toEqual([2, 0]);
  });

  test("lets in who waited as long as it said, also between milliseconds", () => {
    const gap = fc.nat(3_000 * 1_024).map((n) => n / 1_024); // binary fractions: their sums are exact
    const gaps = fc.array(gap, { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 5 }), (all, limit) => {
        const window = new SlidingWindow(limit, 1_000);
        let now = 0;
        for (const gap of all) {
          now += gap;
          const left = window.hit(now);
          if (left >= 0) continue;
          expect(Number.isInteger(left)).toBe(true);
          now -= left;
          expect(window.hit(now)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test("never lets more than the limit into any window", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 20 }), (all, limit) => {
        const window = new SlidingWindow(limit, 1_000);
        const allowed: number[] = [];
        let now = 0;
        for (const gap of all) {
          now += gap;
          if (window.hit(now) >= 0) allowed.push(now);
        }
        for (const [i, at] of allowed.entries()) {
          expect(at - (allowed[i - limit] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(1_000);
        }
      }),
    );
  });
});
