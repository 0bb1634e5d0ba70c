import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bodyText, matchAll, searchable } from "../../../src/store/sqlite/search-text.ts";

describe("matchAll", () => {
  test("quotes every word once, so that nothing in it is an operator", () => {
    expect(matchAll("one two  one")).toBe('"one" "two"');
    expect(matchAll('say "hi" OR text:* ')).toBe('"say" """hi""" "OR" "text:*"');
    expect(matchAll("a\u0000b")).toBe('"a" "b"');
  });

  test("is null when there is no letter and no digit", () => {
    for (const text of ["", "  \n\t", "-- !? *", '""', "\u0000"]) expect(matchAll(text)).toBeNull();
  });

  test("counts the first 64 different words", () => {
    const words = Array.from({ length: 200 }, (_, i) => `w${i}`).join(" ");
    expect(matchAll(words)?.split(" ")).toHaveLength(64);
  });

  test("makes a query that FTS5 takes out of any string", () => {
    const db = new Database(":memory:");
    db.run("CREATE VIRTUAL TABLE f USING fts5 (text, tokenize = 'porter unicode61 remove_diacritics 2')");
    db.run("INSERT INTO f VALUES ('a text')");
    const find = db.query("SELECT count(*) FROM f WHERE f MATCH ?");
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), (text) => {
        const match = matchAll(text);
        if (match !== null) find.get(match);
      }),
      { numRuns: 1_000 },
    );
    db.close();
  });
});

describe("bodyText", () => {
  test("keeps the web addresses of a small body, and leaves them out of a large one, whose words stay", () => {
    const small = '{"url":"https://shop.example/checkout","state":"down"}';
    expect(bodyText(new TextEncoder().encode(small))).toBe(small);
    const issue = '{"html_url":"https://github.com/acme/app/issues/1","title":"Broken https://x.example/a?b=1 link"}';
    const large = bodyText(new TextEncoder().encode(issue + " ".repeat(5_000)));
    expect(large.trim()).toBe('{"html_url":" ","title":"Broken   link"}');
  });

  test("is the body, or its first 16 KB without half a character", () => {
    expect(bodyText(new TextEncoder().encode("naïve"))).toBe("naïve");
    for (const character of ["a", "é", "€", "😀"]) {
      for (const shift of [0, 1, 2, 3]) {
        const text = "x".repeat(shift) + character.repeat(20_000);
        const cut = bodyText(new TextEncoder().encode(text));
        expect(text.startsWith(cut)).toBe(true);
        expect(new TextEncoder().encode(cut).byteLength).toBeGreaterThan(16 * 1024 - 4);
        expect(new TextEncoder().encode(cut).byteLength).toBeLessThanOrEqual(16 * 1024);
      }
    }
  });

  test("is empty for bytes that are not UTF-8", () => {
    expect(bodyText(new Uint8Array([0xff, 0xd8, 0xff]))).toBe("");
    expect(bodyText(new Uint8Array(20_000).fill(0x80))).toBe("");
  });
});

describe("searchable", () => {
  test("takes 64 Ki characters of each part, and no mark of a find", () => {
    expect(searchable("a\u0000b", "\u0002c\u0003")).toBe("a b\n c ");
    expect(searchable("x".repeat(100_000), "y")).toBe(`${"x".repeat(65_536)}\ny`);
  });
});
