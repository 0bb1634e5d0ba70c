import { describe, expect, test } from "bun:test";
import { Log } from "../../src/observe/log.ts";
import { persist } from "../../src/store/persist.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

const WHAT = { doing: "store an answer", id: "r1" };

function open() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = new Log({ clock, write: (line) => lines.push(line), format: "json", level: "error" });
  return { parts: { clock, log }, clock, lines };
}

function failing(times: number, error: Error = new StoreUnavailable("full")) {
  let tries = 0;
  return async () => {
    tries += 1;
    if (tries <= times) throw error;
    return tries;
  };
}

describe("persist", () => {
  test("tries again every second until the store takes it, and says so each time", async () => {
    const { parts, clock, lines } = open();
    let result: number | null = null;
    void persist(parts, WHAT, failing(3)).then((value) => {
      result = value;
    });
    for (let second = 1; second <= 3; second += 1) {
      await quiet();
      expect(result).toBeNull();
      expect(lines).toHaveLength(second);
      clock.advance(1_000);
    }
    await quiet();
    expect(result as number | null).toBe(4);
    expect(lines[0]).toContain("Cannot store an answer; trying again");
  });

  test("passes every other error on", async () => {
    const { parts } = open();
    await expect(persist(parts, WHAT, failing(1, new TypeError("broken")))).rejects.toThrow("broken");
  });

  test("stops waiting when its signal aborts, with the signal's reason", async () => {
    const { parts, clock } = open();
    const abort = new AbortController();
    const waiting = persist(parts, WHAT, failing(9), abort.signal);
    await quiet();
    abort.abort(new Error("stopping"));
    await expect(waiting).rejects.toThrow("stopping");
    expect(clock.timers).toBe(0);
  });
});
