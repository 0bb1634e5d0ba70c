import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Compiler, generate, inWords } from "../../scripts/generate.ts";

describe("scripts/generate.ts", () => {
  test("has been run since the declarations last changed", async () => {
    for (const [path, text] of await generate()) {
      expect(`${path}\n${await Bun.file(join(import.meta.dir, "../..", path)).text()}`).toBe(`${path}\n${text}`);
    }
  });

  test("writes the same text every time", async () => {
    expect([...(await generate())]).toEqual([...(await generate())]);
  });
});

describe("Compiler", () => {
  test("makes one expression of a definition", () => {
    const compiler = new Compiler();

    expect(compiler.compile("0 < string <= 64")).toBe("check1");
    expect(compiler.source()).toContain(
      'function check1(data: unknown): boolean { return typeof data === "string" && data.length <= 64 && data.length >= 1 }',
    );
  });

  test("makes equal functions once, and one constant of a pattern", () => {
    const compiler = new Compiler();
    const names = ["/^a+$/", "/^a+$/", "string", "boolean"].map((each) => compiler.compile(each));

    expect(new Set(names).size).toBe(3);
    expect(compiler.source()).toStartWith("const PATTERN_1 = /^a+$/;\n");
  });

  test.each(["string.url", "string.json.parse", "object", "string | number"])(
    "refuses %s, which needs more than a plain check",
    (definition) => {
      expect(() => new Compiler().compile(definition)).toThrow(/^Cannot compile/);
    },
  );
});

test.each([
  ["string", "a string"],
  ["string > 0", "a string, not empty"],
  ["string <= 64", "a string of at most 64 characters"],
  ["0 < string <= 255", "a string of 1 to 255 characters"],
  ["/^[A-Za-z0-9._:-]{1,128}$/", "1 to 128 characters of A-Z a-z 0-9 . _ : -"],
  ["boolean", "true or false"],
  ["'b' | 'a' | 'c'", 'one of "b", "a", "c"'],
  ["number.integer >= 0", "a whole number of at least 0"],
  ["0 <= number <= 240", "a number from 0 to 240"],
  ["string[]", "a list of strings"],
  ["string[] <= 64", "a list of at most 64 strings"],
])("`inWords` says of %s: %s", (definition, words) => {
  expect(inWords(definition)).toBe(words);
});

test.each(["Date", "/^x|y$/", "number[]", "string | number"])(
  "`inWords` has no words for %s and says so",
  (definition) => {
    expect(() => inWords(definition)).toThrow(/^Cannot put/);
  },
);
