import { describe, expect, test } from "bun:test";
import { Silence } from "../../src/inbox/silence.ts";
import { Log } from "../../src/observe/log.ts";
import { ManualClock } from "../support/clock.ts";

function scene() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = new Log({ clock, write: (line) => void lines.push(line), format: "json", level: "info" });
  const silence = new Silence({ expected: new Map([["shop", 60_000]]), clock, log });
  return { clock, lines, silence };
}

describe("Silence", () => {
  test("warns once when nothing came for longer than expected, and says when the source is back", () => {
    const { clock, lines, silence } = scene();
    clock.advance(60_000);
    silence.check();
    expect(lines).toEqual([]);
    clock.advance(1);
    silence.check();
    silence.check();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"source":"shop"');
    expect([...silence.silent]).toEqual(["shop"]);
    silence.heard("shop");
    expect(lines[1]).toContain("sends again");
    expect([...silence.silent]).toEqual([]);
    clock.advance(60_001);
    silence.check();
    expect(lines).toHaveLength(3);
  });

  test("counts from what an earlier process saw, and from the start for a source that never sent", () => {
    const { clock, silence } = scene();
    silence.remember(
      new Map([
        ["shop", clock.now() - 59_000],
        ["other", 0],
      ]),
    );
    clock.advance(1_001);
    silence.check();
    expect([...silence.silent]).toEqual(["shop"]);
  });

  test("does not mind sources of which nothing is expected", () => {
    const { clock, lines, silence } = scene();
    silence.heard("github");
    silence.heard("shop");
    clock.advance(60_000);
    silence.check();
    expect(lines).toEqual([]);
  });
});
