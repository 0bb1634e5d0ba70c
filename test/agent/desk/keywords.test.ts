import { expect, test } from "bun:test";
import fc from "fast-check";
import { keywords } from "../../../src/agent/desk/keywords.ts";

test.each([
  ["What happened with the deploy yesterday?", ["deploy"]],
  ["is it what it is", ["is", "it", "what"]],
  ["deploy Deploy DEPLOY", ["DEPLOY"]],
  ['"acme/app" (v1.2)', ["acme/app", "v1.2"]],
  ["wo ist der Schlüssel?", ["wo", "ist", "der", "Schlüssel"]],
  ["?!", []],
])("keywords(%j) is what the question is about", (text, expected) => {
  expect(keywords(text)).toEqual(expected);
});

test("keywords() of any text are at most 8 words without blanks, each of them in the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const words = keywords(text);
      expect(words.length).toBeLessThanOrEqual(8);
      for (const word of words) {
        expect(word).toMatch(/^\S+$/);
        expect(text.toWellFormed()).toContain(word);
      }
    }),
  );
});
