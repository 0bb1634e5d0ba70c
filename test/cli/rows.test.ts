import { expect, test } from "bun:test";
import { cell, parseObject, rowsOf, sizeText, timeCell } from "../../src/cli/rows.ts";

test("rowsOf() passes over what is no object", () => {
  expect(rowsOf([{ a: 1 }, null, 1, [], "x", { b: 2 }])).toEqual([{ a: 1 }, { b: 2 }]);
  expect(rowsOf({ a: 1 })).toEqual([]);
});

test("parseObject() takes JSON objects only", () => {
  expect([parseObject('{"a":1}'), parseObject("[]"), parseObject("{"), parseObject("null")]).toEqual([
    { a: 1 },
    null,
    null,
    null,
  ]);
});

test("cell() makes one harmless line of any value", () => {
  const row = { text: "a\nb\u001b[2J", none: null, number: 7, off: false, list: ["x"] };
  expect(["text", "none", "missing", "number", "off", "list"].map((name) => cell(row, name))).toEqual([
    "a\\nb\\u001b[2J",
    "",
    "",
    "7",
    "false",
    '["x"]',
  ]);
});

test("timeCell() shortens RFC 3339 and leaves the rest", () => {
  const row = { at: "2026-11-22T14:05:09.120Z", odd: "yesterday" };
  expect([timeCell(row, "at"), timeCell(row, "odd")]).toEqual(["2026-11-22 14:05:09", "yesterday"]);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 KB"],
  [65_536, "65.5 KB"],
  [999_949, "999.9 KB"],
  [999_950, "1.0 MB"],
  [25_000_000, "25.0 MB"],
  [-1, ""],
  ["1", ""],
])("sizeText(%p) is %p", (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
