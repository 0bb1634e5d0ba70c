import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { splitText } from "../../src/replies/split-text.ts";

const prose = fc.string({
  unit: fc.constantFrom("a", "b", " ", "\n", "\n\n", "\r\n", "é", "😀", "\t"),
  maxLength: 400,
});
const dense = (text: string) => text.replace(/\s+/g, "");

describe("splitText", () => {
  test("cuts between paragraphs, else between lines, else between words, else anywhere", () => {
    expect(splitText("one two.\n\nthree\nfour", 12)).toEqual(["one two.", "three\nfour"]);
    expect(splitText("one two\nthree four", 12)).toEqual(["one two", "three four"]);
    expect(splitText("one two three four", 12)).toEqual(["one two", "three four"]);
    expect(splitText("abcdefghijkl", 5)).toEqual(["abcde", "fghij", "kl"]);
  });

  test("does not waste a piece on a border near its beginning", () => {
    expect(splitText("a\n\nbcdefgh ijklm", 10)).toEqual(["a\n\nbcdefgh", "ijklm"]);
  });

  test("keeps the indentation of the line a piece begins with", () => {
    expect(splitText("first line\n    code()", 12)).toEqual(["first line", "    code()"]);
  });

  test("gives nothing for a blank text and one piece for a text that fits", () => {
    expect(splitText(" \n\t\n ", 10)).toEqual([]);
    expect(splitText("", 10)).toEqual([]);
    expect(splitText("fits here ", 10)).toEqual(["fits here"]);
  });

  test("never exceeds the limit, loses nothing but white space, gives no blank piece and halves no character", () => {
    fc.assert(
      fc.property(prose, fc.integer({ min: 2, max: 60 }), (text, max) => {
        const pieces = splitText(text, max);
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(max);
          expect(piece.trim()).not.toBe("");
          expect(piece.isWellFormed()).toBe(true);
        }
        expect(dense(pieces.join(""))).toBe(dense(text));
        expect(splitText(text, max)).toEqual(pieces);
      }),
    );
  });
});
