import { describe, expect, test } from "bun:test";
import { AnswerPrinter } from "../../src/cli/answer-printer.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { MemoryOutput } from "../support/cli.ts";

function scene(options: { terminal?: boolean; env?: Record<string, string>; thoughts?: boolean } = {}) {
  const { terminal = true, env = {}, thoughts = false } = options;
  const [out, err] = [new MemoryOutput(terminal), new MemoryOutput(terminal)];
  return { out, err, printer: new AnswerPrinter(new Terminal(out, err, env), { thoughts }) };
}

describe("AnswerPrinter", () => {
  test("shows Markdown on a terminal as soon as it is certain", () => {
    const { out, printer } = scene();
    printer.text("a **b");
    expect(out.text).toBe("a ");
    printer.text("** c");
    expect(out.text).toBe("a \u001b[1mb\u001b[22m c");
    printer.end("a **b** c");
    expect(out.text).toBe("a \u001b[1mb\u001b[22m c\n");
  });

  test.each([
    ["with NO_COLOR", { env: { NO_COLOR: "1" } }],
    ["that is no terminal", { terminal: false }],
  ])("leaves the text as it is on a stdout %s", (_name, options) => {
    const { out, printer } = scene(options);
    printer.text("# a **b\n```");
    printer.end("# a **b\n```\n");
    expect(out.text).toBe("# a **b\n```\n");
  });

  test("lets no control character through, and a line end that comes in two pieces is one", () => {
    const { out, printer } = scene({ terminal: false });
    for (const piece of ["a\r", "\nb\u001b", "[2J\u009b\r", "c"]) printer.text(piece);
    printer.breakLine();
    expect(out.text).toBe("a\nb\\u001b[2J\\u009b\\rc\n");
  });

  test("puts a character together that comes in two pieces", () => {
    const { out, printer } = scene();
    for (const piece of ["\ud83d", "\ude00!", "\ud83d"]) printer.text(piece);
    printer.breakLine();
    expect(out.text).toBe("😀!\ud83d\n");
  });

  test("puts asides on lines of their own, and goes on after them", () => {
    const { out, err, printer } = scene({ env: { NO_COLOR: "1" } });
    printer.text("a");
    printer.tool("search", "running");
    printer.text("b");
    printer.end("ab");
    expect([out.text, err.text]).toEqual(["a\nb\n", "· search: running\n"]);
  });

  test("does not touch a stdout that goes elsewhere for an aside", () => {
    const [out, err] = [new MemoryOutput(false), new MemoryOutput(true)];
    const printer = new AnswerPrinter(new Terminal(out, err, {}));
    printer.text("a");
    printer.tool("search", "running");
    printer.end("ab");
    expect(out.text).toBe("ab\n");
  });

  test("shows thoughts only when asked to, a line at a time", () => {
    const quiet = scene();
    quiet.printer.thought("hm\n");
    expect(quiet.err.text).toBe("");
    const { out, err, printer } = scene({ thoughts: true, env: { NO_COLOR: "1" } });
    for (const piece of ["let", " me\nsee", " \u001b"]) printer.thought(piece);
    expect(err.text).toBe("  let me\n");
    printer.text("yes");
    expect([out.text, err.text]).toEqual(["yes", "  let me\n  see \\u001b\n"]);
  });

  test("begins afresh after a restart, in the middle of bold text too", () => {
    const { out, printer } = scene();
    printer.text("# Ti");
    printer.restarted();
    printer.text("plain");
    printer.end("plain");
    expect(out.text).toBe("\u001b[1mTi\u001b[22m\nplain\n");
  });
});
