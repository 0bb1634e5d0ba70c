import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Level, Log, scrub } from "../../src/observe/log.ts";
import { ManualClock } from "../support/clock.ts";

const TOKEN = `zc_${"0123456789abcdef".repeat(4)}`;

function open(format: "human" | "json", level: Level = "debug") {
  const lines: string[] = [];
  return { lines, log: new Log({ clock: new ManualClock(), write: (line) => lines.push(line), format, level }) };
}

describe("Log", () => {
  test("writes one line for people: time, level, message, fields", () => {
    const { log, lines } = open("human");
    log.info("request", { method: "GET", path: "/api/status", ms: 1.5, note: "two words", none: undefined, nil: null });
    log.warn("odd", { empty: "" });
    expect(lines).toEqual([
      '12:00:00.000 info  request method=GET path=/api/status ms=1.5 note="two words" nil=null\n',
      '12:00:00.000 WARN  odd empty=""\n',
    ]);
  });

  test("writes one JSON object a line for everything else", () => {
    const { log, lines } = open("json");
    log.error("Cannot write", { code: "ENOSPC", tries: 2, done: false });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      at: "2026-11-22T12:00:00.000Z",
      level: "error",
      message: "Cannot write",
      code: "ENOSPC",
      tries: 2,
      done: false,
    });
  });

  test("carries the fields of the part that it was made for", () => {
    const { log, lines } = open("json");
    log.with({ part: "inbox" }).with({ event_id: "e1" }).debug("taken", { event_id: "e2" });
    expect(JSON.parse(lines[0]!)).toMatchObject({ part: "inbox", event_id: "e2", message: "taken" });
  });

  test("leaves out what is below its level, and says so beforehand", () => {
    const { log, lines } = open("human", "warn");
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines).toHaveLength(2);
    expect([log.takes("info"), log.takes("warn")]).toEqual([false, true]);
  });

  test("never writes a token or a pairing code, wherever it stands", () => {
    for (const format of ["human", "json"] as const) {
      const { log, lines } = open(format);
      log.info(`token ${TOKEN}`, { authorization: `Bearer ${TOKEN}`, code: "WXYZ-1234-ABCD", mixed: "wxyz-1234-abcd" });
      expect(lines[0]).not.toContain(TOKEN.slice(3, 20));
      expect(lines[0]?.toLowerCase()).not.toContain("1234");
      expect(lines[0]).toContain("zc_[redacted]");
      expect(lines[0]).toContain("[code]");
    }
  });

  test("puts what strangers sent on one line, without characters that draw on a terminal", () => {
    const evil = 'x\n12:00:00.000 ERROR faked\u001b[2J\u009b31m\u202e\u2028"';
    for (const format of ["human", "json"] as const) {
      const { log, lines } = open(format);
      log.info(evil, { header: evil });
      expect(lines[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
      expect(lines[0]).toEndWith("\n");
    }
  });

  test("writes JSON that reads back as what was said, for any text", () => {
    void fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const { log, lines } = open("json");
        log.info(text, { field: text });
        expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
        expect(JSON.parse(lines[0]!)).toMatchObject({ message: scrub(text), field: scrub(text) });
      }),
    );
  });
});

test("scrub leaves what only looks like a token or a code alone", () => {
  for (const text of ["zc_short", "ABCD-12345-EFGH", "2026-11-22", "abcde-1234-abcd"]) expect(scrub(text)).toBe(text);
});
