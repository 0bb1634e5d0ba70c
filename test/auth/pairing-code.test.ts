import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { looksLikeCode, newCode, normalizeCode } from "../../src/auth/pairing-code.ts";
import type { Random } from "../../src/lib/random.ts";
import { systemRandom } from "../../src/lib/random.ts";

/** Random bytes that are these, one after the other. */
function given(...bytes: readonly number[]): Random {
  let next = 0;
  return { bytes: (length) => Uint8Array.from({ length }, () => bytes[next++ % bytes.length]!) };
}

describe("newCode", () => {
  test("is four letters, four digits, four letters", () => {
    for (let i = 0; i < 100; i += 1) expect(newCode(systemRandom)).toMatch(/^[A-Z]{4}-[0-9]{4}-[A-Z]{4}$/);
  });

  test("draws bytes again that would make some letters or digits likelier", () => {
    // 234 = 9 · 26 and 250 = 25 · 10: bytes from there on would favour A–V and 0–5.
    expect(newCode(given(255, 234, 233, 0, 25, 26, 255, 250, 249, 0, 9, 10, 1, 2, 3, 4))).toBe("ZAZA-9090-BCDE");
  });

  test("uses every letter and every digit equally often over all bytes", () => {
    const every = given(...Array.from({ length: 234 }, (_, i) => i));
    const counts = new Map<string, number>();
    for (let i = 0; i < 234; i += 1) {
      for (const c of newCode(every).replaceAll("-", "")) counts.set(c, (counts.get(c) ?? 0) + 1);
    }
    const letters = [...counts].filter(([c]) => c >= "A").map(([, count]) => count);
    expect(letters).toEqual(new Array(26).fill((234 * 8) / 26));
    expect(counts.size).toBe(36);
  });
});

describe("normalizeCode", () => {
  test("reads a code in any case, with or without dashes, as the printed one", () => {
    for (const text of [
      "WXYZ-1234-ABCD",
      "wxyz-1234-abcd",
      "WxYz1234aBcD",
      "wxyz 1234 abcd",
      "  wxyz-1234abcd\n",
      "wxyz\u20111234\u2013abcd",
    ]) {
      expect([text, normalizeCode(text), looksLikeCode(text)]).toEqual([text, "WXYZ-1234-ABCD", true]);
    }
  });

  test("refuses everything else", () => {
    for (const text of [
      "",
      "WXYZ",
      "WXYZ-123-ABCD",
      "WXYZ-12345-ABCD",
      "WXYZ--1234-ABCD",
      "-WXYZ-1234-ABCD",
      "W-XYZ1234ABCD",
      "1234-WXYZ-ABCD",
      "WXYZ-1234-ABCD-",
      "WXYZ-1234-ABC\u00c4",
      "WXYZ-\u0661234-ABCD",
      "wxyz-1234-abc\u017f",
      "WXYZ-1234-ABCD WXYZ-1234-ABCD",
      `zc_${"a".repeat(64)}`,
      " ".repeat(100_000),
    ]) {
      expect([text.slice(0, 40), normalizeCode(text), looksLikeCode(text)]).toEqual([text.slice(0, 40), null, false]);
    }
  });

  test("finds the code again however it was typed", () => {
    const typed = fc.tuple(
      fc.constantFrom("", "-", " "),
      fc.constantFrom("", "-", " "),
      fc.array(fc.boolean(), { minLength: 14, maxLength: 14 }),
    );
    fc.assert(
      fc.property(typed, ([first, second, lower]) => {
        const code = newCode(systemRandom);
        const cased = [...code].map((c, i) => (lower[i] ? c.toLowerCase() : c)).join("");
        expect(normalizeCode(cased.replace("-", first).replace(/-(?=[A-Za-z]{4}$)/, second))).toBe(code);
      }),
    );
  });

  test("gives null or a code for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(normalizeCode(text) ?? "AAAA-0000-AAAA").toMatch(/^[A-Z]{4}-[0-9]{4}-[A-Z]{4}$/);
      }),
    );
  });
});
