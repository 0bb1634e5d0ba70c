import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "smol-toml";
import { editToml } from "../../src/config/toml-edit.ts";
import { mapToml, type TomlEntry } from "../../src/config/toml-map.ts";
import type { Json } from "../../src/lib/json.ts";
import { tomlDocument } from "./toml-documents.ts";

const edit = (text: string, edits: Readonly<Record<string, Json | undefined>>) =>
  editToml(text, new Map(Object.entries(edits)));

/** Values as settings have them. */
const anyValue: fc.Arbitrary<Json> = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  fc.boolean(),
  fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 }),
);

/** An entry that a dotted key of plain names can point to. */
function isPlain(entry: TomlEntry): boolean {
  return entry.path.every((segment) => typeof segment === "string" && /^[A-Za-z0-9_-]+$/.test(segment));
}

/** The same document, read by another parser, with the edit made on what it read. */
function expected(text: string, path: readonly string[], value: Json | undefined): unknown {
  const root = parse(text.replace("\ufeff", ""));
  let table: Record<string, unknown> = root;
  for (const name of path.slice(0, -1)) {
    table[name] ??= {};
    table = table[name] as Record<string, unknown>; // a table on the way to a key
  }
  if (value === undefined) delete table[path.at(-1)!];
  else table[path.at(-1)!] = value;
  return pruned(root);
}

/** Without empty tables, which may or may not go with their last key. */
function pruned(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, pruned(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => JSON.stringify(inner) !== "{}"));
}

function withPlainEntry(document: { readonly text: string }, pick: number) {
  const entries = mapToml(document.text).entries.filter(isPlain);
  const entry = entries[pick % Math.max(1, entries.length)];
  return entry === undefined ? null : { entry, path: entry.path.map(String) };
}

describe("editToml", () => {
  test("keeps every byte outside the value that it sets, in any document", () => {
    fc.assert(
      fc.property(tomlDocument, fc.nat(), anyValue, ({ text }, pick, value) => {
        const found = withPlainEntry({ text }, pick);
        fc.pre(found !== null);
        const { entry, path } = found!;

        const result = edit(text, { [path.join(".")]: value });

        expect(result.slice(0, entry.value.start)).toBe(text.slice(0, entry.value.start));
        expect(result.endsWith(text.slice(entry.value.end))).toBe(true);
        expect(pruned(parse(result.replace("\ufeff", "")))).toEqual(expected(text, path, value));
      }),
      { numRuns: 400 },
    );
  });

  test("takes out a key with its lines and nothing else, in any document", () => {
    fc.assert(
      fc.property(tomlDocument, fc.nat(), ({ text }, pick) => {
        const found = withPlainEntry({ text }, pick);
        fc.pre(found !== null && !found.entry.inline);
        const { entry, path } = found!;
        const start = Math.max(text.startsWith("\ufeff") ? 1 : 0, text.lastIndexOf("\n", entry.keyStart) + 1);
        const lineEnd = text.indexOf("\n", entry.value.end);

        const result = edit(text, { [path.join(".")]: undefined });

        expect(result).toBe(text.slice(0, start) + (lineEnd === -1 ? "" : text.slice(lineEnd + 1)));
        expect(pruned(parse(result.replace("\ufeff", "")))).toEqual(expected(text, path, undefined));
      }),
      { numRuns: 300 },
    );
  });

  test("adds a key without touching a byte of what is there, in any document", () => {
    fc.assert(
      fc.property(
        tomlDocument,
        fc.constantFrom("t0.new", "t1.sub.new", "fresh.new", "new"),
        anyValue,
        ({ text }, key, value) => {
          const result = edit(text, { [key]: value });
          // A line end may be added to the last line, where the new one follows it.
          const kept = Math.max(
            commonStart(text, result) + commonEnd(text, result),
            commonStart(`${text}\r\n`, result),
          );

          expect(kept).toBeGreaterThanOrEqual(text.length);
          expect(pruned(parse(result.replace("\ufeff", "")))).toEqual(expected(text, key.split("."), value));
        },
      ),
      { numRuns: 300 },
    );
  });

  test("is undone by the opposite edit", () => {
    const text = '# top\n[gateway]\nhost = "127.0.0.1"   # Bind address\nport = 8585          # Listen port\n';

    expect(edit(edit(text, { "gateway.port": 9090 }), { "gateway.port": 8585 })).toBe(text);
    expect(edit(edit(text, { "gateway.public_url": "x" }), { "gateway.public_url": undefined })).toBe(text);
  });

  test.each([
    ["below the last key of its table", "[a]\nx = 1 # one\n# note\n[b]\n", "[a]\nx = 1 # one\nnew = 0\n# note\n[b]\n"],
    ["below a header without keys", "[a] # empty\n[b]\n", "[a] # empty\nnew = 0\n[b]\n"],
    ["as indented as its neighbour", "[a]\n  x = 1\n", "[a]\n  x = 1\n  new = 0\n"],
    ["with dots where its neighbour has them", "a.x = 1\nb = 2\n", "a.x = 1\na.new = 0\nb = 2\n"],
    ["inside { }", "a = { x = 1 } # c\n", "a = { x = 1, new = 0 } # c\n"],
    ["inside { } without keys", "a = {}\n", "a = { new = 0 }\n"],
    ["inside { } in front of a comma and a comment", "a = {\n x = 1, # c\n}\n", "a = {\n x = 1, new = 0, # c\n}\n"],
    ["in a table of its own at the end", "# only a comment", "# only a comment\n\n[a]\nnew = 0\n"],
    ["in an empty file", "", "[a]\nnew = 0\n"],
    ["with the line ends of the file", "[a]\r\nx = 1\r\n", "[a]\r\nx = 1\r\nnew = 0\r\n"],
    ["behind a last line without end", "[a]\nx = 1", "[a]\nx = 1\nnew = 0\n"],
  ])("puts a new key %s", (_where, before, after) => {
    expect(edit(before, { "a.new": 0 })).toBe(after);
  });

  test("puts a sub-table of a table that is written with dots into a table of its own", () => {
    expect(edit("gateway.port = 1\n", { "gateway.rate_limit.enabled": true })).toBe(
      "gateway.port = 1\n\n[gateway.rate_limit]\nenabled = true\n",
    );
    expect(edit("[gateway]\nrate_limit.x = 1\n", { "gateway.rate_limit.y": 2 })).toBe(
      "[gateway]\nrate_limit.x = 1\nrate_limit.y = 2\n",
    );
  });

  test.each([
    ["the first", "a = { x = 1, y = 2 }\n", "a.x", "a = { y = 2 }\n"],
    ["the last", "a = { x = 1, y = 2 }\n", "a.y", "a = { x = 1 }\n"],
    ["the only", "a = { x = 1 }\n", "a.x", "a = {}\n"],
  ])("takes %s key out of { } with its comma", (_which, before, key, after) => {
    expect(edit(before, { [key]: undefined })).toBe(after);
  });

  test("takes out a whole table, its sub-tables and their headers, but no comment", () => {
    const text = "[a]\nx = 1\n# about b\n[b]\ny = 2 # gone\n[b.c]\nz = 3\n[d]\nw = 4\n";

    expect(edit(text, { b: undefined })).toBe("[a]\nx = 1\n# about b\n[d]\nw = 4\n");
  });

  test("takes out what is not there without a change", () => {
    expect(edit("# nothing\n", { "a.b": undefined })).toBe("# nothing\n");
  });

  test.each([
    ["a list of tables in the way", "[[a]]\nx = 1\n", "a.b", 1],
    ["a value where a table is needed", "a = 1\n", "a.b", 1],
    ["a table where a value would go", "[a.b]\nx = 1\n", "a.b", 1],
    ["half of a surrogate pair", "", "a.b", "\ud800"],
    ["null", "", "a.b", null],
  ])("refuses to write over %s", (_what, text, key, value) => {
    expect(() => edit(text, { [key]: value })).toThrow(/^Cannot (change "a.b"|write)/);
  });
});

function commonStart(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i += 1;
  return i;
}

function commonEnd(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length && a[a.length - 1 - i] === b[b.length - 1 - i]) i += 1;
  return i;
}
