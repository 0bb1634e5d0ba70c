import { expect, test } from "bun:test";
import { COMMANDS } from "../../src/cli/commands.ts";
import { helpFor } from "../../src/cli/usage.ts";

function help(...words: string[]): string {
  return helpFor(words, COMMANDS, (_style, text) => text);
}

test("helpFor() a command shows its usage, options and examples", () => {
  expect(help("devices", "rename")).toBe(
    `Give a device another name

Usage: zeroclaw devices rename <id> <name> [options]

Arguments:
  <id>    a device's id, or the beginning of one
  <name>  its new name, at most 64 characters

Options:
  -h, --help     Show this help
  -V, --version  Show the version

Examples:
  # Name a device by the start of its id
  zeroclaw devices rename 0198f3a2 "My phone"
`,
  );
});

test("every command that only reads takes --json", () => {
  const words = ["list", "show", "get", "get-paircode", "path", "check", "status", "tail", "trace"];
  const reading = COMMANDS.filter(({ path }) => words.includes(path.at(-1) ?? ""));
  expect(reading.length).toBeGreaterThan(9);
  for (const { path, options } of reading) {
    expect([path, options.some(({ long }) => long === "json")]).toEqual([path, true]);
  }
});

test("helpFor() gateway lists the page's three options and the command below it", () => {
  const text = help("gateway");
  expect(text).toContain(
    "  -p, --port <n>     Port to listen on; 0 is a random free one (default: gateway.port, 8585)\n",
  );
  expect(text).toContain("      --host <addr>  Address to bind to (default: gateway.host, 127.0.0.1)\n");
  expect(text).toContain("      --new-pairing  Clear all paired tokens and make a fresh pairing code\n");
  expect(text).toContain("\nCommands:\n  gateway get-paircode  ");
});

test("helpFor() a group lists its commands and no others", () => {
  const text = help("devices");
  expect(text).toContain("Usage: zeroclaw devices <command> [options]");
  expect(text.match(/^ {2}[a-z]+ [a-z-]+ /gm)).toEqual(["  devices list ", "  devices revoke ", "  devices rename "]);
});

test("helpFor() the program names the exit codes of the page", () => {
  const text = help();
  for (const line of [
    "0    Success (gateway stopped gracefully)",
    "2    Configuration or usage error",
    "130  Interrupted (Ctrl+C)",
  ]) {
    expect(text).toContain(`  ${line}\n`);
  }
});

test("every command has words of its own and options without duplicates", () => {
  const paths = COMMANDS.map(({ path }) => path.join(" "));
  expect(new Set(paths).size).toBe(paths.length);
  for (const { path, options, positionals } of COMMANDS) {
    const names = [...options.flatMap(({ long, short }) => [long, short ?? long])];
    const reserved = names.filter((name) => ["help", "h", "version", "V"].includes(name));
    const duplicates = options.filter(({ long }, i) => options.findIndex((other) => other.long === long) !== i);
    const manyBeforeLast = positionals.slice(0, -1).filter(({ many }) => many);
    expect([path, reserved, duplicates, manyBeforeLast]).toEqual([path, [], [], []]);
  }
});

test("help fits a terminal of 120 columns", () => {
  const all = [help(), ...COMMANDS.map(({ path }) => help(...path))].join("");
  expect(all.split("\n").filter((line) => line.length > 120)).toEqual([]);
});
