import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { PAGE } from "./page.ts";

const TESTS = resolve(import.meta.dir, "..");
const TABLE = readFileSync(resolve(TESTS, "../docs/conformance.md"), "utf8").split("\n");

interface Row {
  /** Lines of the page, without the spaces around them. */
  readonly lines: readonly string[];
  /** `spec/x.test.ts` and the name of a test in it. */
  readonly tests: readonly (readonly [file: string, name: string])[];
}

/** A row of a table; null for every other line of the document. */
function rowOf(line: string): Row | null {
  const cells = /^\| (`.+`) \| (`.+) \|$/.exec(line);
  if (!cells) return null;
  const [, lines = "", tests = ""] = cells;
  return {
    lines: lines.split("<br>").map((each) => each.slice(1, -1)),
    tests: tests.split("<br>").map((each) => {
      const [, file = "", name = ""] = /^`([^`]+)`: (.+)$/.exec(each) ?? [];
      return [file, name];
    }),
  };
}

const ROWS = TABLE.map(rowOf).filter((row) => row !== null);

/** Whether a test file has a test of that name: a literal, or one that goes on with the name of the subject. */
function hasTest(file: string, name: string): boolean {
  const path = resolve(TESTS, file);
  if (!existsSync(path)) return false;
  const text = readFileSync(path, "utf8");
  return text.includes(`"${name}"`) || text.includes(`\`${name} (\${name})\``);
}

describe("docs/conformance.md", () => {
  test("has every line of the page, in the page's order: its headings as headings, everything else in a table", () => {
    const found = TABLE.flatMap((line) => {
      const heading = /^#{2,3} (.+)$/.exec(line)?.[1];
      return heading === undefined ? (rowOf(line)?.lines ?? []) : [heading];
    });
    const page = PAGE.map((line) => line.trim()).filter((line) => line !== "");
    expect(page.length).toBeGreaterThan(150); // a page that could not be read has nothing to be compared with
    expect(found).toEqual(page);
  });

  test("names tests for every row, and each of them exists", () => {
    const named = ROWS.flatMap(({ tests }) => tests);
    expect(ROWS.filter(({ tests }) => tests.length === 0)).toEqual([]);
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter(([file, name]) => !hasTest(file, name))).toEqual([]);
  });

  test("notices a test that does not exist", () => {
    expect(hasTest("spec/overview.test.ts", "it accepts webhook events from external services")).toBe(true);
    expect(hasTest("spec/overview.test.ts", "it accepts webhook events")).toBe(false);
    expect(hasTest("spec/nothing.test.ts", "it accepts webhook events from external services")).toBe(false);
  });
});
