import { describe, expect, test } from "bun:test";
import { Flood } from "../../src/observe/flood.ts";
import { Log } from "../../src/observe/log.ts";
import { ManualClock } from "../support/clock.ts";

describe("Flood", () => {
  test("allows so many lines a second, and says afterwards how many there were not", () => {
    const clock = new ManualClock();
    const lines: string[] = [];
    const log = new Log({ clock, write: (line) => void lines.push(line), format: "json", level: "info" });
    const flood = new Flood({ limit: 3, clock, log });
    const allowed = () => Array.from({ length: 5 }, () => flood.allows()).filter(Boolean).length;
    expect([allowed(), lines.length]).toEqual([3, 0]);
    clock.advance(999);
    expect(flood.allows()).toBe(false);
    clock.advance(1);
    expect(allowed()).toBe(3);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"not_logged":3');
    clock.advance(10_000);
    flood.allows();
    clock.advance(1_000);
    flood.allows();
    expect(lines).toHaveLength(2); // the quiet second had nothing to tell
  });
});
