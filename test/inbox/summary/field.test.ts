import { expect, test } from "bun:test";
import { field, firstText, list, number, text } from "../../../src/inbox/summary/field.ts";

const value: unknown = JSON.parse('{"a":[{"b":"x"}],"n":1,"s":" ","t":"y","nul":null}');

test("field() follows own properties and list places, and ends where the path does", () => {
  expect(field(value, "a", 0, "b")).toBe("x");
  for (const path of [
    ["a", "0"],
    ["a", "length"],
    ["t", "length"],
    ["constructor"],
    ["__proto__"],
    ["nul", "x"],
    ["a", 5],
  ]) {
    expect(field(value, ...path)).toBeUndefined();
  }
  expect(field(value)).toBe(value);
});

test("text(), number() and list() give what is of that kind, and nothing else", () => {
  expect([text(value, "t"), text(value, "n"), text(value, "a"), text(undefined, "t")]).toEqual(["y", "", "", ""]);
  expect([number(value, "n"), number(value, "t"), number({ n: Number.NaN }, "n")]).toEqual([1, null, null]);
  expect([list(value, "a").length, list(value, "t").length]).toEqual([1, 0]);
  expect(text({ t: "x".repeat(5_000) }, "t")).toHaveLength(1_000);
});

test("firstText() passes over blanks", () => {
  expect(firstText(value, ["none", "n", "s", "t"])).toBe("y");
  expect(firstText(value, ["s"])).toBe("");
});
