import { expect, test } from "bun:test";
import { OutputClosed } from "../../src/cli/exit-codes.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { MemoryOutput } from "../support/cli.ts";

function terminal(isTerminal: boolean, env: Record<string, string> = {}) {
  const [out, err] = [new MemoryOutput(isTerminal, 40), new MemoryOutput(isTerminal)];
  return { out, err, terminal: new Terminal(out, err, env) };
}

test("Terminal keeps what was asked for on stdout and the rest on stderr", () => {
  const { out, err, terminal: it } = terminal(false);
  it.print("answer");
  it.note("hint");
  expect([out.text, err.text]).toEqual(["answer\n", "hint\n"]);
});

test("Terminal styles text for terminals only", () => {
  expect(terminal(true).terminal.style("bold", "x")).toBe("\u001b[1mx\u001b[22m");
  expect(terminal(false).terminal.style("bold", "x")).toBe("x");
});

test.each([
  ["NO_COLOR=1", { NO_COLOR: "1" }, "x"],
  ["NO_COLOR=anything", { NO_COLOR: "anything" }, "x"],
  ["TERM=dumb", { TERM: "dumb" }, "x"],
  ["an empty NO_COLOR", { NO_COLOR: "" }, "\u001b[31mx\u001b[39m"],
])("Terminal with %s styles red as %j", (_name, env, styled) => {
  expect(terminal(true, env).terminal.noteStyle("red", "x")).toBe(styled);
});

test("Terminal prints JSON indented for people and compact for programs", () => {
  const [person, program] = [terminal(true), terminal(false)];
  person.terminal.json({ a: [1] });
  program.terminal.json({ a: [1] });
  expect(person.out.text).toBe('{\n  "a": [\n    1\n  ]\n}\n');
  expect(program.out.text).toBe('{"a":[1]}\n');
});

test("Terminal has the width of a terminal, and no limit for programs", () => {
  expect([terminal(true).terminal.width, terminal(false).terminal.width]).toEqual([40, Number.POSITIVE_INFINITY]);
});

test("Terminal throws OutputClosed when stdout has no reader, and does not care about stderr's", () => {
  const { out, err, terminal: it } = terminal(false);
  out.closed = true;
  err.closed = true;
  it.note("nobody reads this");
  expect(() => it.print("x")).toThrow(OutputClosed);
});

test("Terminal.error() lets the first line stand out, and shows control characters of what it quotes", () => {
  const { err, terminal: it } = terminal(true);
  it.error('Cannot do it: found "\u001b[2J".\nDo this: x');
  expect(err.text).toBe('\u001b[31mCannot do it: found "\\u001b[2J".\u001b[39m\nDo this: x\n');
});
