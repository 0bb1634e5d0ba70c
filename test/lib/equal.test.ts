import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { equalBytes, equalSecrets } from "../../src/lib/equal.ts";

describe.each([
  ["equalBytes", equalBytes],
  ["equalSecrets", equalSecrets],
])("%s", (_name, equal) => {
  test("holds for the same bytes and for no others, of any lengths", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.nat(), (a, b, at) => {
        expect(equal(a, new Uint8Array(a))).toBe(true);
        expect(equal(a, b)).toBe(Buffer.compare(a, b) === 0);
        expect(equal(a, Buffer.concat([a, Buffer.of(0)]))).toBe(false);
        if (a.length === 0) return;
        const changed = new Uint8Array(a);
        changed[at % a.length]! ^= 1;
        expect(equal(a, changed)).toBe(false);
      }),
    );
  });
});
