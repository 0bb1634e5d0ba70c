import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mapToml } from "../../src/config/toml-map.ts";
import { isTomlTable, readToml } from "../../src/config/toml-read.ts";
import { tomlDocument } from "./toml-documents.ts";

describe("readToml", () => {
  test("reads a document", async () => {
    expect(await readToml("[a]\nx = 1\n")).toEqual({ ok: true, table: { a: { x: 1 } } });
  });

  test.each([
    ["a = 1\nb = = 2\n", 2, 5, "Expected a value but found '='"],
    ["[a]\nx = 1\n\n[a]\n", 4, 1, "Cannot redefine table 'a'"],
    ["x = 1\nx = 2\n", 2, 1, "Cannot redefine key 'x'"],
    ["[gateway\nport = 1\n", 1, 9, "Expected ']' to close a table header but found (0x0A)"],
    ["[gateway\r\nport = 1\r\n", 1, 9, "Expected ']' to close a table header but found (0x0D)"],
    ["[a]\n[agent\n", 2, 7, "Expected ']' to close a table header but found (0x0A)"],
    ["[[a]\nx = 1\n", 1, 4, "Expected ']]' to close an array-of-tables header but found (0x0A)"],
    ["[channels.\nx = 1\n", 1, 11, "Expected a key but found (0x0A)"],
    ["a = 1\r\n# c\r\nb = 01\r\n", 3, 5, "Leading zeros are not allowed in numbers"],
    ['a = """\n\n', 3, 1, "Unterminated string"],
    ["# one\na = 1\nb = [1, 99999999999999999999]\n", 3, 5, "Integer is outside the 64-bit signed range"],
  ])("tells where %p is wrong: line %p, column %p", async (text, line, column, reason) => {
    expect(await readToml(text)).toEqual({ ok: false, line, column, reason });
  });

  test("does not repeat text that lacks its quotes, which may be a secret", async () => {
    const read = await readToml("[channels.github]\nsecret = hunter2\n");

    expect(read).toEqual({ ok: false, line: 2, column: 10, reason: "Strings must be quoted" });
  });

  test("tells the line of a value that is broken anywhere in any document", async () => {
    await fc.assert(
      fc.asyncProperty(tomlDocument, fc.nat(), async ({ text }, pick) => {
        const entries = mapToml(text).entries.filter(({ value, inline }) => value.kind === "scalar" && !inline);
        fc.pre(entries.length > 0);
        const { start, end } = entries[pick % entries.length]!.value; // the remainder is below the length
        const line = text.slice(0, start).split("\n").length;

        expect(await readToml(`${text.slice(0, start)}= ${text.slice(end)}`)).toMatchObject({ ok: false, line });
      }),
      { numRuns: 100 },
    );
  });
});

test("`isTomlTable` tells tables from dates, lists and scalars", () => {
  expect(isTomlTable(Bun.TOML.parse("x = 1"))).toBe(true);
  for (const value of Object.values(Bun.TOML.parse("a = 1979-05-27\nb = 07:32:00\nc = []\nd = 1\ne = ''"))) {
    expect(isTomlTable(value)).toBe(false);
  }
});
