import { expect, test } from "bun:test";
import fc from "fast-check";
import { pieces } from "../../../src/agent/operator/pieces.ts";

test("pieces() breaks between words and keeps the blanks", () => {
  expect([...pieces("The quick brown fox jumps over the lazy dog.\n\nAgain.")]).toEqual([
    "The quick brown fox jumps ",
    "over the lazy dog.\n\nAgain.",
  ]);
});

test("pieces() of any text are the text again, none empty, none long, no character torn", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "😀", " ", "\n", "word"), maxLength: 2_000 }), (text) => {
      const all = [...pieces(text)];
      expect(all.join("")).toBe(text);
      for (const piece of all) {
        expect(piece.length).toBeGreaterThan(0);
        expect(piece.length).toBeLessThanOrEqual(96);
        expect(piece.isWellFormed()).toBe(true);
      }
    }),
  );
});

test("pieces() cuts a word without end", () => {
  expect([...pieces("x".repeat(200))].map((piece) => piece.length)).toEqual([96, 96, 8]);
});
