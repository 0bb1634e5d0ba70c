import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseWhen } from "../../../src/agent/desk/when.ts";

const NOON = Date.parse("2026-11-22T12:00:00.000Z");

/** The time that was read, as RFC 3339, and the rest; or what is wrong. */
function read(text: string, zone?: string, now = NOON): string {
  const when = parseWhen(text, now, zone);
  return when.ok ? `${new Date(when.at).toISOString().replace(":00.000Z", "Z")} ${when.rest}`.trim() : when.problem;
}

describe("parseWhen()", () => {
  test.each([
    ["10m tea", "2026-11-22T12:10Z tea"],
    ["2h30m tea", "2026-11-22T14:30Z tea"],
    ["2h 30m tea", "2026-11-22T14:30Z tea"],
    ["1d tea", "2026-11-23T12:00Z tea"],
    ["1w tea", "2026-11-29T12:00Z tea"],
    ["60s tea", "2026-11-22T12:01Z tea"],
    ["in 45 minutes call back", "2026-11-22T12:45Z call back"],
    ["in 1 hour and 5 mins call back", "2026-11-22T13:05Z call back"],
    ["in an hour call back", "2026-11-22T13:00Z call back"],
    ["45 minutes call back", "2026-11-22T12:45Z call back"],
    ["10m, tea", "2026-11-22T12:10Z tea"],
    ["10m", "2026-11-22T12:10Z"],
    ["10m 5 minutes of silence", "2026-11-22T12:10Z 5 minutes of silence"],
    ["10m 2h talk", "2026-11-22T12:10Z 2h talk"],
    ["in a week a day off", "2026-11-29T12:00Z a day off"],
  ])("reads the duration in %p", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test.each([
    ["at 17:30 go", "2026-11-22T17:30Z go"],
    ["17:30 go", "2026-11-22T17:30Z go"],
    ["at 9:00 go", "2026-11-23T09:00Z go"],
    ["at 12:00 go", "2026-11-23T12:00Z go"],
    ["5pm go", "2026-11-22T17:00Z go"],
    ["at 5:15 p.m. go", "2026-11-22T17:15Z go"],
    ["12am go", "2026-11-23T00:00Z go"],
    ["12pm tomorrow go", "2026-11-23T12:00Z go"],
    ["today 17:30 go", "2026-11-22T17:30Z go"],
    ["tomorrow go", "2026-11-23T09:00Z go"],
    ["tomorrow 9:00 go", "2026-11-23T09:00Z go"],
    ["Tomorrow at 21:05 go", "2026-11-23T21:05Z go"],
    ["tomorrow 10 pushups", "2026-11-23T09:00Z 10 pushups"],
    ["2026-12-01 09:00 go", "2026-12-01T09:00Z go"],
    ["on 2026-12-01 at 9:05 go", "2026-12-01T09:05Z go"],
    ["2026-12-01 go", "2026-12-01T09:00Z go"],
    ["2026-12-01T09:00:00.000Z go", "2026-12-01T09:00Z go"],
    ["2026-12-01T09:00:00+02:00 go", "2026-12-01T07:00Z go"],
  ])("reads the clock time in %p", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test.each([
    ["", "unknown"],
    ["tea", "unknown"],
    ["in", "unknown"],
    ["today", "unknown"],
    ["1.5h tea", "unknown"],
    ["10 monkeys", "unknown"],
    ["10mins5 tea", "unknown"],
    ["25:00 tea", "unknown"],
    ["12:60 tea", "unknown"],
    ["13pm tea", "unknown"],
    ["0am tea", "unknown"],
    ["2026-02-30 09:00 tea", "unknown"],
    ["2026-13-01 tea", "unknown"],
    ["a day tea", "unknown"],
    ["0m tea", "past"],
    ["today 9:00 tea", "past"],
    ["2026-11-22 11:59 tea", "past"],
    ["2020-01-01 tea", "past"],
    ["999999999w tea", "far"],
    ["2036-12-01 tea", "far"],
    ["9999-12-31 23:59 tea", "far"],
  ])("refuses %p as %s", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  test("clock times are those of the zone", () => {
    expect(read("17:30 go", "Europe/Berlin")).toBe("2026-11-22T16:30Z go");
    expect(read("tomorrow 9:00 go", "Asia/Tokyo")).toBe("2026-11-23T00:00Z go");
    expect(read("2026-12-01T09:00Z go", "Asia/Tokyo")).toBe("2026-12-01T09:00Z go");
    // In Kiritimati it is 02:00 of the day after.
    expect(read("tomorrow 9:00 go", "Pacific/Kiritimati")).toBe("2026-11-23T19:00Z go");
  });

  test("a time that the clocks skip is as much later, of one that comes twice it is the first", () => {
    const march = Date.parse("2026-03-28T12:00:00Z");
    expect(read("2026-03-29 02:30 go", "Europe/Berlin", march)).toBe("2026-03-29T01:30Z go");
    const october = Date.parse("2026-10-24T12:00:00Z");
    expect(read("2026-10-25 02:30 go", "Europe/Berlin", october)).toBe("2026-10-25T00:30Z go");
  });

  test("a zone that is none throws", () => {
    expect(() => parseWhen("17:30 go", NOON, "Moon/Crater")).toThrow(RangeError);
  });

  test("any text is read as a time in the future or refused, and the rest is its end", () => {
    const token = fc.constantFrom(
      "in",
      "at",
      "on",
      "tomorrow",
      "today",
      "10",
      "m",
      "2h",
      "30m",
      "9:00",
      "5pm",
      "and",
      ",",
      "an",
      "hour",
      "2026-12-01",
      "T",
      "+02:00",
      "tea",
      "-1",
      "1e9",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(token).map((tokens) => tokens.join(" ")),
      fc.array(token).map((tokens) => tokens.join("")),
    );
    fc.assert(
      fc.property(text, fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns"), (typed, zone) => {
        const when = parseWhen(typed, NOON, zone);
        if (!when.ok) return;
        expect(Number.isSafeInteger(when.at) && when.at > NOON).toBe(true);
        expect(typed.endsWith(when.rest)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test("every duration in whole units is read back as itself", () => {
    const amount = fc.integer({ min: 1, max: 999 });
    fc.assert(
      fc.property(amount, amount, amount, (h, m, s) => {
        const when = parseWhen(`${h}h${m}m${s}s x`, NOON);
        expect(when).toEqual({ ok: true, at: NOON + ((h * 60 + m) * 60 + s) * 1_000, rest: "x" });
        expect(parseWhen(`in ${h} hours, ${m} minutes and ${s} seconds x`, NOON)).toEqual(when);
      }),
    );
  });

  test("every minute of a year is read back as itself in UTC", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 525_600 }), (minutes) => {
        const at = NOON + minutes * 60_000;
        const typed = new Date(at).toISOString().slice(0, 16);
        expect(parseWhen(`${typed.replace("T", " ")} x`, NOON)).toEqual({ ok: true, at, rest: "x" });
        expect(parseWhen(`${typed} x`, NOON)).toEqual({ ok: true, at, rest: "x" });
      }),
    );
  });
});
