import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeUtf8, isObject } from "../../src/lib/json.ts";

describe("isObject", () => {
  test("tells objects from arrays, null and scalars", () => {
    expect([{}, { a: 1 }, Object.create(null)].map(isObject)).toEqual([true, true, true]);
    expect([[], null, undefined, "", 0, true, () => 0].map(isObject)).toEqual(new Array(7).fill(false));
  });
});

describe("decodeUtf8", () => {
  test("reads back any well-formed text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(text.isWellFormed() && !text.startsWith("\ufeff"));
        expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text);
      }),
    );
  });

  test("drops a leading byte order mark", () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toBe("{}");
  });

  test("is null for bytes that are not UTF-8: broken, overlong, surrogates, cut off", () => {
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]]) {
      expect(decodeUtf8(Uint8Array.from(bytes))).toBe(null);
    }
  });

  test("is not disturbed by a failure before it", () => {
    decodeUtf8(Uint8Array.of(0xe2, 0x82));
    expect(decodeUtf8(Uint8Array.of(0xac, 0x41))).toBe(null);
    expect(decodeUtf8(Uint8Array.of(0x41))).toBe("A");
  });
});
