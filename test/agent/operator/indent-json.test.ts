import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { indentJson } from "../../../src/agent/operator/indent-json.ts";

describe("indentJson()", () => {
  test("writes any JSON as JSON.stringify() with an indent of two does", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(0, 1, 4), (value, indent) => {
        const sent = JSON.stringify(value, null, indent);
        const { text, whole } = indentJson(sent, 10_000);
        expect(text).toBe(JSON.stringify(value, null, 2));
        expect(whole).toBe(true);
      }),
    );
  });

  test("stops at the last line that was asked for", () => {
    expect(indentJson('{"a":[1,2,3]}', 3)).toEqual({ text: '{\n  "a": [\n    1,', whole: false });
    expect(indentJson('{"a":1}', 3)).toEqual({ text: '{\n  "a": 1\n}', whole: true });
  });

  test("writes what is cut off as far as it goes", () => {
    expect(indentJson('{"a":{"b":"un\\"fin', 10).text).toBe('{\n  "a": {\n    "b": "un\\"fin');
  });

  test("of any text gives no more lines than were asked for", () => {
    const text = fc.string({ unit: fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", " ", "a") });
    fc.assert(
      fc.property(text, (typed) => {
        expect(indentJson(typed, 5).text.split("\n").length).toBeLessThanOrEqual(5);
      }),
    );
  });
});
