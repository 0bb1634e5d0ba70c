import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { pickJson, type Wanted } from "../../src/lib/json-scan.ts";

const encoder = new TextEncoder();
const pick = (text: string, wanted: Wanted) => pickJson(encoder.encode(text), wanted);

/** What pickJson promises, said with JSON.parse. */
function prune(value: unknown, wanted: true | Wanted): unknown {
  if (Array.isArray(value)) return [];
  if (typeof value !== "object" || value === null) return value;
  if (wanted === true) return {};
  const entries = Object.entries(value).filter(([key]) => Object.hasOwn(wanted, key));
  return Object.fromEntries(entries.map(([key, inner]) => [key, prune(inner, wanted[key]!)]));
}

// Few keys, so that what is wanted is often there; some need escapes.
const KEY = fc.constantFrom("a", "b", "action", "ü", 'quo"te', "back\\slash", "", "toString");
const { wanted: WANTED } = fc.letrec<{ wanted: Wanted }>((tie) => ({
  wanted: fc.dictionary(KEY, fc.oneof({ depthSize: "small" }, fc.constant(true as const), tie("wanted"))),
}));
const { value: VALUE } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium" },
    fc.oneof(fc.string({ unit: "binary" }), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(KEY, tie("value"), { maxKeys: 5 }),
  ),
}));

describe("pickJson", () => {
  test("finds what JSON.parse finds, whatever stands around it and however it is indented", () => {
    fc.assert(
      fc.property(VALUE, WANTED, fc.constantFrom(0, 1, "\t", "\r\n "), (value, wanted, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(pick(text, wanted)).toEqual({ value: prune(JSON.parse(text), wanted) });
      }),
    );
  });

  test("refuses only what JSON.parse refuses", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      '"',
      ":",
      ",",
      '"a"',
      '"a":',
      "\\",
      "1",
      "-",
      "1e999",
      "true",
      "nul",
      " ",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), WANTED, (pieces, wanted) => {
        const text = pieces.join("");
        if (pick(text, wanted) === null) expect(() => JSON.parse(text)).toThrow();
      }),
      { numRuns: 300 },
    );
  });

  test("never throws on bytes of any kind", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), WANTED, (bytes, wanted) => {
        pickJson(bytes, wanted);
        pickJson(Buffer.concat([Buffer.from('{"a":'), bytes]), wanted);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["blanks", " \n"],
    ["a string without its end", '{"a":"b'],
    ["an escape at the end", '{"a":"\\'],
    ["an object without its end", '{"a":1'],
    ["brackets that cross", '{"x":[{]}}'],
    ["a second value", '{"a":1} {}'],
    ["a missing colon", '{"a" 1}'],
    ["a missing comma", '{"a":1 "b":2}'],
    ["a key without quotes", "{a:1}"],
    ["a missing value", '{"a":}'],
    ["a wanted word that is none", '{"a":tru}'],
    ["a wanted number that is none", '{"a":01}'],
    ["a line feed in a wanted string", '{"a":"\n"}'],
  ])("refuses %s", (_what, text) => {
    expect(pick(text, { a: true })).toBeNull();
  });

  test("takes the last of equal keys, also when one of them is written with escapes", () => {
    expect(pick('{"a":{"b":1},"\\u0061":{"c":2}}', { a: { b: true } })).toEqual({ value: { a: {} } });
  });

  test("knows its keys only: a prototype is not among them", () => {
    const found = pick('{"__proto__":{"a":1},"constructor":2,"a":3}', { a: true });
    expect(found).toEqual({ value: { a: 3 } });
    expect(Object.getPrototypeOf(found?.value)).toBe(Object.prototype);
  });

  test("drops a byte order mark and refuses a wanted string that is no UTF-8", () => {
    expect(pick('\ufeff{"a":1}', { a: true })).toEqual({ value: { a: 1 } });
    expect(pickJson(Buffer.from([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')]), { a: true })).toBeNull();
  });

  test("goes 1,000 levels deep into what is not wanted, and refuses deeper ones instead of overflowing", () => {
    const nested = (depth: number) => `{"x":${"[".repeat(depth)}${"]".repeat(depth)},"a":1}`;
    expect(pick(nested(1_000), { a: true })).toEqual({ value: { a: 1 } });
    expect(pick(nested(1_001), { a: true })).toBeNull();
    expect(pick(nested(1_000_000), { a: true })).toBeNull();
  });
});
