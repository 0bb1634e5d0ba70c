import { expect, test } from "bun:test";
import { facts, table } from "../../src/cli/table.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { MemoryOutput } from "../support/cli.ts";

function terminal(isTerminal: boolean, columns: number): Terminal {
  return new Terminal(new MemoryOutput(isTerminal, columns), new MemoryOutput(), { NO_COLOR: "1" });
}

test("table() aligns columns by what they take on a terminal, wide characters included", () => {
  const text = table(
    terminal(false, 80),
    ["ID", "NAME", "SCOPE"],
    [
      ["a1", "世界", "owner"],
      ["b2", "x", "chat"],
    ],
  );
  expect(text).toBe("ID  NAME  SCOPE\na1  世界  owner\nb2  x     chat\n");
});

test("table() cuts lines to a terminal's width, and never for programs", () => {
  const rows = [["a", "0123456789"]];
  expect(table(terminal(true, 8), ["A", "B"], rows)).toBe("A  B\na  0123…\n");
  expect(table(terminal(false, 8), ["A", "B"], rows)).toBe("A  B\na  0123456789\n");
});

test("table() does not cut a character in halves", () => {
  expect(table(terminal(true, 6), ["A"], [["世界世界"]])).toBe("A\n世界…\n");
});

test("facts() aligns values and indents their further lines", () => {
  expect(
    facts(terminal(false, 80), [
      ["pid", "7"],
      ["channels", "a\nb"],
    ]),
  ).toBe("pid       7\nchannels  a\n          b\n");
});
