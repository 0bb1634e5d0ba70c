import { expect, test } from "bun:test";
import { verifyEdit } from "../../src/config/toml-verify.ts";

const edits = new Map([["a.x", 2]]);

test("`verifyEdit` accepts a text in which only the edited key changed", () => {
  verifyEdit("[a]\nx = 1\ny = 1979-05-27\n", "a = { x = 2, y = 1979-05-27 } # other spelling\n", edits);
  verifyEdit("[a]\nx = 1\n", "", new Map([["a.x", undefined]]));
});

test.each([
  ["another key changed", "[a]\nx = 1\ny = 1\n", "[a]\nx = 2\ny = 2\n"],
  ["another key went", "[a]\nx = 1\ny = 1\n", "[a]\nx = 2\n"],
  ["another key came", "[a]\nx = 1\n", "[a]\nx = 2\ny = 1\n"],
  ["an empty table went", "[a]\nx = 1\n[b]\n", "[a]\nx = 2\n"],
  ["a date changed", "d = 1979-05-27\n[a]\nx = 1\n", "d = 1979-05-28\n[a]\nx = 2\n"],
  ["a date became text", "d = 1979-05-27\n[a]\nx = 1\n", 'd = "1979-05-27"\n[a]\nx = 2\n'],
  ["the edit was not made", "[a]\nx = 1\n", "[a]\nx = 1\n"],
  ["the result is no TOML", "[a]\nx = 1\n", "[a]\nx = = 2\n"],
])("`verifyEdit` refuses a text in which %s", (_what, before, after) => {
  expect(() => verifyEdit(before, after, edits)).toThrow(/^Cannot change "a.x": .* Nothing was written/);
});
