import { describe, expect, test } from "bun:test";
import { Deadlines } from "../../src/http/deadlines.ts";
import { ManualClock } from "../support/clock.ts";

function scene(waitMs = 30_000) {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock, waitMs);
  const expired: string[] = [];
  return { clock, deadlines, expired, note: (name: string) => () => void expired.push(name) };
}

describe("Deadlines", () => {
  test("expire in the order they were added, each within 250 ms of its time and never before", () => {
    const { clock, deadlines, expired, note } = scene();
    deadlines.add(note("first"));
    clock.advance(10_000);
    deadlines.add(note("second"));
    clock.advance(19_999);
    expect(expired).toEqual([]);
    clock.advance(251);
    expect(expired).toEqual(["first"]);
    clock.advance(9_750);
    expect(expired).toEqual(["first", "second"]);
  });

  test("do not expire what was removed, and expire nothing twice", () => {
    const { clock, deadlines, expired, note } = scene();
    const kept = note("kept");
    const removed = note("removed");
    deadlines.add(removed);
    deadlines.add(kept);
    deadlines.remove(removed);
    clock.advance(120_000);
    expect(expired).toEqual(["kept"]);
  });

  test("keep one timer for any number of requests, and none once nobody waits", () => {
    const { clock, deadlines } = scene();
    const tasks = Array.from({ length: 1_000 }, () => () => undefined);
    for (const task of tasks) deadlines.add(task);
    expect(clock.timers).toBe(1);
    for (const task of tasks) deadlines.remove(task);
    clock.advance(250);
    expect(clock.timers).toBe(0);
    deadlines.add(() => undefined);
    expect(clock.timers).toBe(1);
  });

  test("may be added and removed while others expire", () => {
    const { clock, deadlines, expired, note } = scene(1_000);
    const victim = note("victim");
    deadlines.add(() => {
      expired.push("first");
      deadlines.remove(victim);
      deadlines.add(note("later"));
    });
    deadlines.add(victim);
    clock.advance(1_000);
    expect(expired).toEqual(["first"]);
    clock.advance(1_250);
    expect(expired).toEqual(["first", "later"]);
  });

  test("go by monotonic time: a wall clock that is set expires nobody", () => {
    const { clock, deadlines, expired, note } = scene();
    deadlines.add(note("waiting"));
    clock.setWallTime(clock.now() + 86_400_000);
    clock.advance(1_000);
    expect(expired).toEqual([]);
  });
});
