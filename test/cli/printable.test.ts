import { expect, test } from "bun:test";
import fc from "fast-check";
import { printable, printableJson, printableLine } from "../../src/cli/printable.ts";

test("printable() shows what would draw on a terminal, and keeps lines and tabs", () => {
  expect(printable("\u001b[2Jhi\u0007\n\tthere\r\n")).toBe("\\u001b[2Jhi\\u0007\n\tthere\n");
});

test("printableJson() is the same document, and draws on no terminal", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.boolean(), (text, indented) => {
      const value = { [text]: [text] };
      const shown = printableJson(JSON.stringify(value, null, indented ? 2 : undefined));
      expect(JSON.parse(shown)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u.test(shown.replaceAll("\n", ""))).toBe(
        false,
      );
    }),
  );
});

test("printable() shows a carriage return alone, which would overwrite its line", () => {
  expect(printable("harmless\rEVIL")).toBe("harmless\\rEVIL");
});

test.each([..."\u202a\u202e\u2066\u2069\u200f\u061c\u0085\u009b\ufeff\u2028"])(
  "printableLine() shows the invisible %p",
  (char) => {
    expect(printableLine(`a${char}b`)).toBe(`a\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}b`);
  },
);

test("printableLine() leaves the words of all languages and emoji as they are", () => {
  const text = "héllo 世界 שלום 👩‍🚀 ¡ÿ";
  expect(printableLine(text)).toBe(text);
});

test("printableLine() always makes one line without controls, and printable() no controls but lines and tabs", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u.test(printableLine(text))).toBe(false);
      expect(/[\p{Cc}]/u.test(printable(text).replace(/[\n\t]/g, ""))).toBe(false);
    }),
  );
});
