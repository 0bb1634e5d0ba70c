import { expect, test } from "bun:test";
import { Interrupts } from "../../src/cli/interrupts.ts";
import { codeOfSecond, untilStopped } from "../../src/cli/until-stopped.ts";
import { Log } from "../../src/observe/log.ts";
import { ManualEvents } from "../support/cli.ts";
import { ManualClock } from "../support/clock.ts";

function scene(stop: (deadlineMs: number) => Promise<void> = () => Promise.resolve()) {
  const clock = new ManualClock();
  const events = new ManualEvents();
  const deadlines: number[] = [];
  const logged: string[] = [];
  const log = new Log({ clock, write: (line) => logged.push(line), format: "json", level: "info" });
  const interrupts = new Interrupts(events, ["SIGINT", "SIGTERM", "SIGHUP"]);
  const gateway = {
    stop: (deadlineMs: number) => {
      deadlines.push(deadlineMs);
      return stop(deadlineMs);
    },
  };
  return {
    clock,
    events,
    interrupts,
    deadlines,
    logged,
    code: untilStopped(gateway, interrupts, clock, log),
  };
}

test.each([
  ["SIGTERM", 0],
  ["SIGHUP", 0],
  ["SIGINT", 130],
] as const)("untilStopped() drains for 8 seconds after %s and ends with %i", async (signal, code) => {
  const { events, deadlines, code: ended } = scene();
  events.signal(signal);
  expect(await ended).toBe(code);
  expect(deadlines).toEqual([8_000]);
});

test.each([
  ["SIGTERM", 1],
  ["SIGINT", 130],
] as const)("untilStopped() ends with %s's code %i when stopping fails, and logs why", async (signal, code) => {
  const { events, logged, code: ended } = scene(() => Promise.reject(new Error("the disk is gone")));
  events.signal(signal);
  expect(await ended).toBe(code);
  expect(logged.join("")).toContain("the disk is gone");
});

test("untilStopped() does not wait for a stop that hangs", async () => {
  const stopping = Promise.withResolvers<void>();
  const {
    clock,
    events,
    code: ended,
  } = scene(() => {
    stopping.resolve();
    return new Promise(() => {});
  });
  events.signal("SIGTERM");
  await stopping.promise;
  clock.advance(12_000);
  expect(await ended).toBe(1);
});

test("untilStopped() leaves no timer behind", async () => {
  const { clock, events, code: ended } = scene();
  events.signal("SIGTERM");
  await ended;
  expect(clock.timers).toBe(0);
});

test("codeOfSecond() is 130 for SIGINT and 1 for the others: nothing was stopped gracefully", () => {
  expect([codeOfSecond("SIGINT"), codeOfSecond("SIGTERM"), codeOfSecond("SIGHUP")]).toEqual([130, 1, 1]);
});

test("Interrupts tells the first signal from the second, and stops listening when closed", async () => {
  const events = new ManualEvents();
  const interrupts = new Interrupts(events, ["SIGINT", "SIGTERM"]);
  events.signal("SIGTERM");
  events.signal("SIGINT");
  expect([await interrupts.first, await interrupts.second]).toEqual(["SIGTERM", "SIGINT"]);
  interrupts.close();
  expect(events.listeners("SIGINT")).toBe(0);
});
