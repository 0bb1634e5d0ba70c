import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseEntries } from "../../src/auth/token-entries.ts";
import { sha256Hex } from "../../src/lib/hash.ts";

const HASH = sha256Hex("a token");
const TOKEN = `zc_${"ab".repeat(32)}`;

describe("parseEntries", () => {
  test("reads hashes in any case", () => {
    const entry = { hash: HASH, text: HASH, plaintext: false };
    expect(parseEntries([HASH, HASH.toUpperCase(), ` ${HASH}\n`])).toEqual([entry, entry, entry]);
  });

  test("hashes a token that a person wrote there", () => {
    expect(parseEntries([TOKEN])).toEqual([{ hash: sha256Hex(TOKEN), text: sha256Hex(TOKEN), plaintext: true }]);
  });

  test("keeps what it does not understand, to the character", () => {
    for (const text of ["", "zc_short", "my laptop", `${HASH}0`, `${TOKEN}0`, "zc_".padEnd(67, "g"), " spaced "]) {
      expect(parseEntries([text])).toEqual([{ hash: null, text, plaintext: false }]);
    }
  });

  test("never leaves a token in what is to be written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.boolean(), (bytes, upper) => {
        const hex = bytes.toHex();
        const [entry] = parseEntries([`zc_${upper ? hex.toUpperCase() : hex}`]);
        expect(entry?.text).toMatch(/^[0-9a-f]{64}$/);
        expect(entry?.text).not.toBe(hex);
      }),
    );
  });
});
