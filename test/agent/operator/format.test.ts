import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { absolute, count, grouped, relative, shortIds, table } from "../../../src/agent/operator/format.ts";
import { idAt } from "./support/desk.ts";

const NOON = Date.parse("2026-11-22T12:00:00.000Z");

test("relative() tells how long ago or how soon", () => {
  expect(relative(NOON - 300_000, NOON)).toBe("5m ago");
  expect(relative(NOON + 9_000_000, NOON)).toBe("in 2h 30m");
  expect(relative(NOON - 999, NOON)).toBe("now");
});

test("absolute() is the zone's clock with its name", () => {
  expect(absolute(NOON + 59_999, "UTC")).toBe("2026-11-22 12:00 UTC");
  expect(absolute(NOON, "Asia/Tokyo")).toBe("2026-11-22 21:00 Asia/Tokyo");
});

test("count() and grouped() write numbers for people", () => {
  expect([count(0, "event"), count(1, "event"), count(1_234_567, "event")]).toEqual([
    "0 events",
    "1 event",
    "1,234,567 events",
  ]);
  expect([grouped(999), grouped(1_000)]).toEqual(["999", "1,000"]);
});

describe("table()", () => {
  test("lines up as plain text, wide characters included, and its cells cannot add columns", () => {
    expect(
      table(
        ["a", "b"],
        [
          ["日本", "x|y"],
          ["1", ""],
        ],
      ),
    ).toBe(["| a    | b    |", "|------|------|", "| 日本 | x\\|y |", "| 1    |      |"].join("\n"));
  });
});

describe("shortIds()", () => {
  test("is the millisecond, with as much more as tells the ids apart", () => {
    const [a, b, c] = [idAt(NOON), idAt(NOON + 1), idAt(NOON, 1)];
    expect(shortIds([a, b])(a)).toBe(a.slice(0, 13));
    expect(shortIds([a, c])(a)).toBe(a.slice(0, 18));
    const twin = `${a.slice(0, -1)}1`;
    expect(shortIds([a, twin])(twin)).toBe(twin);
    expect(shortIds([a, a])(a)).toBe(a.slice(0, 13));
  });

  test("gives different ids different beginnings", () => {
    const id = fc.uuid({ version: 7 });
    fc.assert(
      fc.property(fc.uniqueArray(id, { minLength: 1 }), (ids) => {
        const short = shortIds(ids);
        expect(new Set(ids.map(short)).size).toBe(ids.length);
        expect(ids.every((each) => each.startsWith(short(each)))).toBe(true);
      }),
    );
  });
});
