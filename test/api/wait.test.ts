import { describe, expect, test } from "bun:test";
import { problemOf, within } from "../../src/api/wait.ts";
import { ManualClock } from "../support/clock.ts";

describe("within", () => {
  test("is the value of work that ends in time, and leaves no timer", async () => {
    const clock = new ManualClock();
    const hurry = new AbortController();
    expect(await within(Promise.resolve(7), 1_000, "late", clock, hurry.signal)).toBe(7);
    expect(clock.timers).toBe(0);
  });

  test("is the other value once the time is over, whatever becomes of the work", async () => {
    const clock = new ManualClock();
    const work = Promise.withResolvers<number>();
    const waiting = within(work.promise, 1_000, "late", clock);
    clock.advance(1_000);
    expect(await waiting).toBe("late");
    work.reject(new Error("too late to matter"));
    await work.promise.catch(() => undefined);
    expect(clock.timers).toBe(0);
  });

  test("is the other value as soon as there is a hurry, before or while it waits", async () => {
    const clock = new ManualClock();
    const hurry = new AbortController();
    const never = new Promise<number>(() => undefined);
    const waiting = within(never, 1_000, "late", clock, hurry.signal);
    hurry.abort();
    expect(await waiting).toBe("late");
    expect(await within(never, 1_000, "late", clock, hurry.signal)).toBe("late");
    expect(clock.timers).toBe(0);
  });

  test("rejects with what the work rejects with", async () => {
    const clock = new ManualClock();
    await expect(within(Promise.reject(new Error("broken")), 1_000, null, clock)).rejects.toThrow("broken");
    await Promise.resolve();
    expect(clock.timers).toBe(0);
  });
});

describe("problemOf", () => {
  test("keeps a code of the catalogue and its words", () => {
    const problem = problemOf({ code: "agent_timeout", detail: "Too slow." });
    expect([problem.code, problem.status, problem.message]).toEqual(["agent_timeout", 504, "Too slow."]);
  });

  test.each(["unknown", "constructor", "__proto__", ""])("is agent_failed for the code %p", (code) => {
    expect(problemOf({ code, detail: "x" }).code).toBe("agent_failed");
  });
});
