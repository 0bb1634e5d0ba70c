import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { keyOf } from "../../src/limits/idempotency-key.ts";
import { Problem } from "../../src/protocol/problem.ts";

const of = (headers: Record<string, string>) => keyOf(new Headers(headers));
const refusal = (headers: Record<string, string>): string => {
  try {
    of(headers);
  } catch (error) {
    if (error instanceof Problem && error.code === "bad_idempotency_key") return error.message;
    throw error;
  }
  throw new Error("The key was accepted");
};
const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  maxLength: 300,
});

describe("keyOf", () => {
  test("is null without either header", () => {
    expect(of({ "content-type": "application/json" })).toBe(null);
  });

  test("reads a bare key and a quoted one as the same key, from either header", () => {
    const key = "8e03978e-40d5-43dd-bc93-6894a57f9324";
    expect(of({ "Idempotency-Key": key })).toBe(key);
    expect(of({ "Idempotency-Key": `"${key}"` })).toBe(key);
    expect(of({ "X-Idempotency-Key": key })).toBe(key);
    expect(of({ "Idempotency-Key": `"${key}"`, "X-Idempotency-Key": key })).toBe(key);
    expect(of({ "Idempotency-Key": '"a\\"b\\\\c"' })).toBe('a"b\\c');
  });

  test("refuses two headers with different keys", () => {
    expect(refusal({ "Idempotency-Key": "a", "X-Idempotency-Key": "b" })).toContain("two idempotency keys");
  });

  test("refuses a header that was sent twice, quoted or not", () => {
    for (const one of ["a", '"a"']) {
      const headers = new Headers([
        ["Idempotency-Key", one],
        ["Idempotency-Key", one],
      ]);
      expect(() => keyOf(headers)).toThrow(Problem);
    }
  });

  test("takes 255 characters after unquoting and refuses 256", () => {
    expect(of({ "Idempotency-Key": "k".repeat(255) })).toHaveLength(255);
    expect(of({ "Idempotency-Key": `"${"\\\\".repeat(255)}"` })).toHaveLength(255);
    expect(refusal({ "Idempotency-Key": "k".repeat(256) })).toContain("256 characters");
    expect(refusal({ "Idempotency-Key": `"${"k".repeat(256)}"` })).toContain("256 characters");
  });

  test("refuses empty, spaced, non-ASCII and half-quoted keys", () => {
    expect(refusal({ "Idempotency-Key": "" })).toContain("is empty");
    expect(refusal({ "Idempotency-Key": '""' })).toContain("is empty");
    for (const key of ["a b", "a\tb", "caf\u00e9", '"a b"'])
      expect(refusal({ "Idempotency-Key": key })).toContain("space");
    for (const key of ['"a', '"', '"a"b', '"a";p=1', '"a\\n"', '"a\\"']) {
      expect(refusal({ "Idempotency-Key": key })).toContain("not one quoted string");
    }
  });

  test("gives back every visible key however it is written, or refuses it for its length alone", () => {
    fc.assert(
      fc.property(visible, (key) => {
        const quoted = `"${key.replace(/["\\]/g, "\\$&")}"`;
        if (key === "" || key.length > 255) refusal({ "Idempotency-Key": quoted });
        else expect(of({ "Idempotency-Key": quoted })).toBe(key);
        if (key !== "" && key.length <= 255 && !key.startsWith('"')) expect(of({ "X-Idempotency-Key": key })).toBe(key);
      }),
    );
  });

  test("never answers anything but a key of 1 to 255 visible characters or a Problem", () => {
    const value = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)),
      maxLength: 40,
    });
    fc.assert(
      fc.property(value, (text) => {
        try {
          expect(of({ "Idempotency-Key": text })).toMatch(/^[\x21-\x7e]{1,255}$/);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
      }),
    );
  });
});
