import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "smol-toml";
import { findInMap, lineAt, mapToml, type Segment } from "../../src/config/toml-map.ts";
import { tomlDocument } from "./toml-documents.ts";

function at(root: unknown, path: readonly Segment[]): unknown {
  let value = root;
  for (const segment of path) value = (value as Record<Segment, unknown>)[segment]; // the path is one of the document's
  return value;
}

describe("mapToml", () => {
  test("finds every key and header of any document on its line", () => {
    fc.assert(
      fc.property(tomlDocument, ({ text, keys }) => {
        const map = mapToml(text);
        const found = [
          ...map.entries.map(({ path, keyStart }) => ({ path, line: lineAt(text, keyStart), start: keyStart })),
          ...map.headers.map(({ path, start }) => ({ path, line: lineAt(text, start), start })),
        ].toSorted((a, b) => a.start - b.start);

        expect(found.map(({ path, line }) => ({ path, line }))).toEqual([...keys]);
      }),
      { numRuns: 500 },
    );
  });

  test("gives each value's range so that the text there, read alone, is the value an independent parser finds", () => {
    fc.assert(
      fc.property(tomlDocument, ({ text }) => {
        const whole = parse(text.replace("\ufeff", ""));
        for (const { path, value } of mapToml(text).entries) {
          const alone = parse(`value = ${text.slice(value.start, value.end)}`);

          expect(alone["value"]).toEqual(at(whole, path) as (typeof alone)["value"]); // both are what the parser makes
        }
      }),
      { numRuns: 300 },
    );
  });

  test("gives the items of a list", () => {
    const text = "a = [ 1, 'two', # three\n [3, 4], { x = 5 } ]";
    const [entry] = mapToml(text).entries;

    expect(entry?.value.items.map(({ start, end }) => text.slice(start, end))).toEqual([
      "1",
      "'two'",
      "[3, 4]",
      "{ x = 5 }",
    ]);
  });

  test("reads line breaks, comments and a last comma inside { }, which TOML 1.1 allows", () => {
    const text = "a = {\n  x = 1, # one\n  y = 2,\n}\nb = 3\n";

    expect(mapToml(text).entries.map(({ path, keyStart }) => [path.join("."), lineAt(text, keyStart)])).toEqual([
      ["a", 1],
      ["a.x", 2],
      ["a.y", 3],
      ["b", 5],
    ]);
  });

  test.each(["a", "a =", "a = [1", "a = {x = 1", 'a = "open', "[open", "[[open]", "= 1", "a = ['1' 2]", 'a = """open'])(
    "refuses %p, which is no TOML, instead of looking on for ever",
    (text) => {
      expect(() => mapToml(text)).toThrow(SyntaxError);
    },
  );
});

describe("findInMap", () => {
  const text = "[a.b]\nx = 1\n[c]\ny.z = 2\n[[d]]\n[[d]]\n";

  test.each([
    [["a", "b", "x"], 2],
    [["a", "b"], 1],
    [["a"], 1],
    [["c", "y"], 4],
    [["d"], 5],
    [["d", 1], 6],
  ])("finds %p on line %p: as a key, a header, or by what is inside", (path, line) => {
    expect(lineAt(text, findInMap(mapToml(text), path) ?? -1)).toBe(line);
  });

  test("finds nothing for a path that the document does not speak of", () => {
    expect(findInMap(mapToml(text), ["a", "x"])).toBeNull();
  });
});
