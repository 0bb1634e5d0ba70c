import { expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "smol-toml";
import { tomlKey, tomlValue } from "../../src/config/toml-value.ts";
import type { Json } from "../../src/lib/json.ts";

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string({ unit: "grapheme", minLength: 1 }), tie("value"), { maxKeys: 3 }),
  ),
})).value;

test("`tomlValue` writes every value so that Bun's parser and another one read it back", () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = `value = ${tomlValue(value)}`;

      expect(Bun.TOML.parse(text)).toEqual({ value });
      expect(parse(text) as unknown).toEqual({ value });
    }),
    { numRuns: 300 },
  );
});

test.each([
  ["a", "a"],
  ["rate_limit-2", "rate_limit-2"],
  ["", '""'],
  ["a.b", '"a.b"'],
  ['q"', '"q\\""'],
])("`tomlKey` writes %p as %s", (key, written) => {
  expect(tomlKey(key)).toBe(written);
});

test.each([[null], ["\udc00"]])("`tomlValue` refuses %p, for which TOML has no words", (value) => {
  expect(() => tomlValue(value)).toThrow(TypeError);
});
