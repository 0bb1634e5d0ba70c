import { describe, expect, test } from "bun:test";
import { COMMANDS, parseCommand } from "../../../src/agent/operator/commands.ts";

describe("COMMANDS", () => {
  test("has the commands that the documentation names, each once", () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(names).toEqual(
      "help status events event digest search note notes forget remind reminders clients agent whoami".split(" "),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  test("is what docs/agents/operator.md lists", async () => {
    const docs = await Bun.file(new URL("../../../docs/agents/operator.md", import.meta.url)).text();
    for (const { name, args, summary, reach } of COMMANDS) {
      const usage = `/${name}${args === "" ? "" : ` ${args}`}`;
      expect(docs).toContain(`| \`${usage}\` | ${reach} | ${summary} |`);
    }
  });
});

describe("parseCommand()", () => {
  test.each([
    ["/help", { name: "help", args: "" }],
    ["  /HELP  me ", { name: "help", args: "me" }],
    ["/note two\nlines", { name: "note", args: "two\nlines" }],
    ["/note\ttab", { name: "note", args: "tab" }],
    ["/", { name: "", args: "" }],
    ["/ x", { name: "", args: "x" }],
    ["help", null],
    ["a /help", null],
    ["", null],
  ])("%j is %j", (text, expected) => {
    expect(parseCommand(text)).toEqual(expected);
  });

  test("bounds a name without end and keeps what follows it", () => {
    expect(parseCommand(`/${"x".repeat(100)} rest`)).toEqual({ name: "x".repeat(40), args: "rest" });
  });
});
