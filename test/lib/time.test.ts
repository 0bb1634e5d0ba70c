import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { humanDuration, parseDuration, parseSince, rfc3339 } from "../../src/lib/time.ts";

const NOW = Date.parse("2026-11-22T12:00:00.000Z");

describe("rfc3339", () => {
  test("writes UTC with milliseconds", () => {
    expect(rfc3339(NOW + 5)).toBe("2026-11-22T12:00:00.005Z");
  });
});

describe("parseDuration", () => {
  test("reads a number and a unit", () => {
    const read = ["250ms", "90s", "15m", "24h", "7d", "2w", " 5 m "].map(parseDuration);
    expect(read).toEqual([250, 90_000, 900_000, 86_400_000, 604_800_000, 1_209_600_000, 300_000]);
  });

  test("refuses everything else", () => {
    for (const text of ["", "5", "m", "-5m", "1.5h", "5 minutes", "5M", "1h30m", "9999999999s", "5m\u0000"]) {
      expect([text, parseDuration(text)]).toEqual([text, null]);
    }
  });

  test("reads back every whole number of every unit", () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.constantFrom(...Object.entries(units)), (n, [unit, ms]) => {
        expect(parseDuration(`${n}${unit}`)).toBe(n * ms);
      }),
    );
  });
});

describe("parseSince", () => {
  test("reads a point in time, or a duration back from now", () => {
    expect(parseSince("24h", NOW)).toBe(NOW - 86_400_000);
    expect(parseSince("2026-11-22T12:00:00.000Z", 0)).toBe(NOW);
    expect(parseSince("2026-11-22T13:00:00+01:00", 0)).toBe(NOW);
    expect(parseSince("2026-11-22", 0)).toBe(NOW - 43_200_000);
  });

  test("refuses what is neither", () => {
    for (const text of [
      "",
      "yesterday",
      "2026",
      "22.11.2026",
      "2026-13-01T00:00:00Z",
      "Nov 22 2026",
      "1763812800000",
    ]) {
      expect([text, parseSince(text, NOW)]).toEqual([text, null]);
    }
  });

  test("reads back what rfc3339 writes", () => {
    fc.assert(fc.property(fc.nat(4_000_000_000_000), (ms) => expect(parseSince(rfc3339(ms), NOW)).toBe(ms)));
  });
});

describe("humanDuration", () => {
  test("says the two largest units", () => {
    const spans = [
      0,
      499,
      45_000,
      60_000,
      200_000,
      3_600_000,
      7_500_000,
      47 * 3_600_000,
      48 * 3_600_000,
      99 * 3_600_000,
    ];
    expect(spans.map(humanDuration)).toEqual(["0s", "0s", "45s", "1m", "3m 20s", "1h", "2h 5m", "47h", "2d", "4d 3h"]);
  });

  test("calls a time in the past no time at all", () => {
    expect(humanDuration(-5_000)).toBe("0s");
  });
});
