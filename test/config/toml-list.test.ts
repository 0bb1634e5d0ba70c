import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "smol-toml";
import { editList } from "../../src/config/toml-list.ts";
import { mapToml } from "../../src/config/toml-map.ts";

/** The document with its first value, a list, changed to `wanted`. */
function edited(text: string, wanted: readonly string[]): string {
  const [entry] = mapToml(text).entries;
  const { start, end } = entry!.value; // every text here has one
  const current = Object.values(parse(text))[0] as readonly string[]; // and it is a list
  return text.slice(0, start) + editList(text, entry!.value, current, wanted) + text.slice(end);
}

const LINES = 'tokens = [\n  "a", # laptop\n  # on its own\n  "b" # phone\n] # managed\n';

describe("editList", () => {
  test.each([
    [
      "adds an item",
      ["a", "b", "c"],
      'tokens = [\n  "a", # laptop\n  # on its own\n  "b", # phone\n  "c",\n] # managed\n',
    ],
    ["takes the last item out", ["a"], 'tokens = [\n  "a", # laptop\n  # on its own\n] # managed\n'],
    ["takes the first item out", ["b"], 'tokens = [\n  # on its own\n  "b" # phone\n] # managed\n'],
    ["replaces an item", ["a", "c"], 'tokens = [\n  "a", # laptop\n  # on its own\n  "c",\n] # managed\n'],
    ["takes all items out", [], "tokens = [\n  # on its own\n] # managed\n"],
  ])("%s and keeps the comments of those that stay", (_what, wanted, result) => {
    expect(edited(LINES, wanted)).toBe(result);
  });

  test("changes nothing when the list is what it should be", () => {
    expect(edited(LINES, ["a", "b"])).toBe(LINES);
  });

  test("fills a list that holds only a comment", () => {
    expect(edited("x = [\n\t# none\n\t]\n", ["a"])).toBe('x = [\n\t# none\n\t  "a",\n\t]\n');
  });

  test("adds behind items that share the line of the bracket", () => {
    expect(edited('x = ["a",\n  "b"]\n', ["a", "b", "c"])).toBe('x = ["a",\n  "b", "c"]\n');
    expect(edited('x = [\n "a", "b",]\n', ["a", "b", "c"])).toBe('x = [\n "a", "b", "c"]\n');
  });

  test("takes a comma that stands on the next line out with its item", () => {
    expect(parse(edited('x = [\n "a"\n , "b"\n]\n', ["b"]))).toEqual({ x: ["b"] });
    expect(parse(edited('x = [\n "a" # , not this one\n , "b"\n]\n', ["b"]))).toEqual({ x: ["b"] });
  });

  test("is not misled by commas and brackets in comments", () => {
    expect(edited('x = [\n "a" # ], [ "z",\n]\n', ["a", "b"])).toBe('x = [\n "a", # ], [ "z",\n "b",\n]\n');
  });

  test("gives every item a line of its own when one line would be too long", () => {
    const [a, b] = ["a".repeat(64), "b".repeat(64)];

    expect(edited(`x = ["${a}"] # c\r\n`, [a, b])).toBe(`x = [\r\n  "${a}",\r\n  "${b}",\r\n] # c\r\n`);
    expect(edited('x = ["a"]\n', ["a", "b"])).toBe('x = ["a", "b"]\n');
  });

  test("makes any list any other one", () => {
    const item = fc.constantFrom("a", "b", "c", "d", "e");
    const separator = fc.constantFrom(", ", ",\n", " ,\n  ", ", # x, y ]\n", "\n,");
    const list = fc.tuple(
      fc.array(fc.tuple(item, separator), { maxLength: 5 }),
      fc.boolean(),
      fc.constantFrom("", "\n", " # [\n"),
    );
    fc.assert(
      fc.property(list, fc.array(item, { maxLength: 5 }), ([items, comma, end], wanted) => {
        const body = items
          .map(([each, between], i) => `"${each}"${i < items.length - 1 || comma ? between : ""}`)
          .join("");
        const text = `x = [${body}${end}]\n`;

        expect(parse(edited(text, wanted))["x"]).toEqual([...wanted]);
      }),
      { numRuns: 1000 },
    );
  });
});
