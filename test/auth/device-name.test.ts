import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cleanName } from "../../src/auth/device-name.ts";

describe("cleanName", () => {
  test("keeps names as people write them", () => {
    for (const name of [
      "laptop",
      "Zo\u00eb's phone",
      "\u7535\u8111",
      "CI (main)",
      "\u{1f99e} claw",
      "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ]) {
      expect(cleanName(name)).toBe(name);
    }
  });

  test("takes out what would draw on a terminal or turn text around", () => {
    expect(cleanName("\u001b[31mred\u001b[0m")).toBe("[31mred [0m");
    expect(cleanName("  two\r\nlines\t ")).toBe("two lines");
    expect(cleanName("safe\u202egpj.exe")).toBe("safe gpj.exe");
  });

  test("is null when nothing is left", () => {
    for (const name of ["", "   ", "\u0000\u0001", "\u200b\ufeff", "\ud800"]) expect(cleanName(name)).toBe(null);
  });

  test("is cut at 64 characters, never through one", () => {
    expect(cleanName("x".repeat(65))).toBe("x".repeat(64));
    expect(cleanName(`${"x".repeat(63)}\u{1f99e}`)).toBe("x".repeat(63));
  });

  test("is one line of well-formed text that cleaning does not change again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 90 }), (text) => {
        const name = cleanName(text);
        if (name === null) return;
        expect(name.length).toBeGreaterThan(0);
        expect(name.length).toBeLessThanOrEqual(64);
        expect(name.isWellFormed()).toBe(true);
        expect(name).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        expect(cleanName(name)).toBe(name);
      }),
    );
  });
});
