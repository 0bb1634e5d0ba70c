import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { sameSecret, sha256Hex } from "../../src/lib/hash.ts";

describe("sha256Hex", () => {
  test("is SHA-256 in lower-case hex, of text as UTF-8 and of bytes", () => {
    expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); // FIPS 180-4
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const expected = createHash("sha256").update(text, "utf8").digest("hex");
        expect([sha256Hex(text), sha256Hex(new TextEncoder().encode(text))]).toEqual([expected, expected]);
      }),
    );
  });
});

describe("sameSecret", () => {
  test("compares like ===, for texts of any length", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect([sameSecret(a, b), sameSecret(a, a), sameSecret(a, `${a} `)]).toEqual([a === b, true, false]);
      }),
    );
  });
});
