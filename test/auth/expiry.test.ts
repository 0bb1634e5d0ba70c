import { describe, expect, test } from "bun:test";
import { Expiry } from "../../src/auth/expiry.ts";
import { ManualClock } from "../support/clock.ts";

function setup() {
  const clock = new ManualClock(0);
  const expired: string[] = [];
  return { clock, expired, expiry: new Expiry(clock, (id) => expired.push(id)) };
}

describe("Expiry", () => {
  test("tells each id once, at its time, with one timer for all", () => {
    const { clock, expired, expiry } = setup();
    expiry.watch("late", 2_000);
    expiry.watch("early", 1_000);
    expect(clock.timers).toBe(1);
    clock.advance(999);
    expect(expired).toEqual([]);
    clock.advance(1);
    expect(expired).toEqual(["early"]);
    clock.advance(10_000);
    expect([expired, clock.timers]).toEqual([["early", "late"], 0]);
  });

  test("tells at once what has expired already", () => {
    const { clock, expired, expiry } = setup();
    clock.advance(5_000);
    expiry.watch("past", 1_000);
    clock.advance(0);
    expect(expired).toEqual(["past"]);
  });

  test("says nothing of what it was told to forget", () => {
    const { clock, expired, expiry } = setup();
    expiry.watch("a", 1_000);
    expiry.forget("a");
    expiry.forget("never watched");
    clock.advance(2_000);
    expect([expired, clock.timers]).toEqual([[], 0]);
  });

  test("looks again every hour, so that a jump of the wall clock is noticed and a far time overflows no timer", () => {
    const { clock, expired, expiry } = setup();
    expiry.watch("in a year", 365 * 86_400_000);
    clock.setWallTime(366 * 86_400_000);
    clock.advance(3_600_000);
    expect(expired).toEqual(["in a year"]);
  });
});
