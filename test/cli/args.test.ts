import { expect, test } from "bun:test";
import fc from "fast-check";
import { Arguments, listed, parseArguments } from "../../src/cli/args.ts";
import type { Command } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { UsageError } from "../../src/cli/exit-codes.ts";

const COMMAND: Command = {
  path: ["gateway"],
  summary: "",
  doing: "start the gateway",
  positionals: [],
  options: [
    { long: "port", short: "p", value: "<n>", about: "" },
    { long: "host", value: "<addr>", about: "" },
    { long: "new-pairing", about: "" },
    { long: "json", short: "j", about: "" },
  ],
  examples: [],
  run: () => Promise.resolve(0),
};
const FREE: Command = { ...COMMAND, positionals: [{ name: "text", about: "", optional: true, many: true }] };

function parse(argv: readonly string[], command: Command = COMMAND): Arguments {
  return parseArguments(command, argv);
}

test.each([
  [["-p", "8080"]],
  [["-p8080"]],
  [["--port", "8080"]],
  [["--port=8080"]],
  [["--port=1", "-p", "2", "-p8080"]],
  [["-jp8080"]],
  [["-jp", "8080"]],
])("parseArguments(%p) reads the port 8080", (argv) => {
  expect(parse(argv).wholeNumber("port", 0, 65_535, "a port")).toBe(8080);
});

test("parseArguments() takes an empty value for what it is", () => {
  expect(parse(["--host="]).value("host")).toBe("");
});

test("parseArguments() leaves what was not given undefined", () => {
  const args = parse([]);
  expect([args.value("port"), args.flag("json"), args.wholeNumber("port", 0, 1, "a port")]).toEqual([
    undefined,
    false,
    undefined,
  ]);
});

test("parseArguments() takes what follows -- for arguments", () => {
  expect(parse(["a", "--", "-p", "--", "--json"], FREE).positionals).toEqual(["a", "-p", "--", "--json"]);
});

test("parseArguments() takes a lone dash for an argument", () => {
  expect(parse(["-"], FREE).positionals).toEqual(["-"]);
});

test.each([
  [["--prot", "1"], 'Cannot start the gateway: there is no option "--prot". Did you mean "--port"?'],
  [["--zzz"], 'Cannot start the gateway: there is no option "--zzz".'],
  [["-x"], 'Cannot start the gateway: there is no option "-x".'],
  [["--__proto__"], 'there is no option "--__proto__".'],
  [["--no-json"], 'there is no option "--no-json".'],
  [["-p"], '"-p" needs a value: -p <n>.'],
  [["--port"], '"--port" needs a value: --port <n>.'],
  [["--host", "--new-pairing"], '"--host" needs a value: --host <addr>.'],
  [["--host", "-p", "1"], '"--host" needs a value'],
  [["--host", "--"], '"--host" needs a value'],
  [["--new-pairing=true"], '"--new-pairing" takes no value, but "true" was given.'],
  [["-1"], 'there is no option "-1". Put "--" before arguments that begin with a dash.'],
  [["extra"], 'it takes no arguments, but "extra" was given too.'],
  [["--\u001b[2J"], 'there is no option "--\\u001b[2J".'],
])("parseArguments(%j) is refused: %s", (argv, message) => {
  expect(() => parse(argv)).toThrow(UsageError);
  expect(() => parse(argv)).toThrow(message);
  expect(() => parse(argv)).toThrow("For its options: zeroclaw gateway --help");
});

test.each([
  [["-p", "80a"], '"-p 80a"'],
  [["-p80a"], '"-p80a"'],
  [["--port=80a"], '"--port=80a"'],
  [["-p", "-1"], '"-p -1"'],
  [["-p", "65536"], '"-p 65536"'],
  [["-p", "8e3"], '"-p 8e3"'],
  [["-p", "0x50"], '"-p 0x50"'],
  [["-p", " 80"], '"-p  80"'],
  [["-p", "٨٠"], '"-p ٨٠"'],
  [["-p", "9".repeat(40)], "9999"],
  [["--port="], '"--port="'],
])("Arguments.wholeNumber() of %j is refused, quoting it as it was typed", (argv, quoted) => {
  const read = () => parse(argv).wholeNumber("port", 0, 65_535, "a port");
  expect(read).toThrow(UsageError);
  expect(read).toThrow(quoted);
  expect(read).toThrow(
    "is not a port. A whole number from 0 to 65535 is needed.\nFor its options: zeroclaw gateway --help",
  );
});

test("Arguments.oneOf() names the words it takes, and the nearest", () => {
  const words = ["owner", "chat", "ingest"] as const;
  expect(parse(["--host", "chat"]).oneOf("host", words)).toBe("chat");
  expect(() => parse(["--host", "onwer"]).oneOf("host", words)).toThrow(
    '"--host onwer" is not one of its values. Use owner, chat or ingest. Did you mean "owner"?',
  );
});

test("parseArguments() names a missing argument", () => {
  const rename = COMMANDS.find(({ path }) => path.join(" ") === "devices rename");
  expect(rename && (() => parse(["0198"], rename))).toThrow("<name> is missing (its new name");
  expect(rename && (() => parse(["0198", "a", "b"], rename))).toThrow('it takes <id> <name>, but "b" was given too.');
});

test("listed() reads as a sentence", () => {
  expect([listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])]).toEqual(["a", "a or b", "a, b or c"]);
});

const value = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.startsWith("-"));

test("parseArguments() reads back every way of writing options, the last one of each winning", () => {
  const written = fc.oneof(
    value.map((text) => ({ name: "port", text, argv: [`-p${text}`] })),
    value.map((text) => ({ name: "port", text, argv: ["-p", text] })),
    value.map((text) => ({ name: "port", text, argv: ["--port", text] })),
    fc.string().map((text) => ({ name: "host", text, argv: [`--host=${text}`] })),
    value.map((text) => ({ name: "host", text, argv: ["--host", text] })),
    value.map((text) => ({ name: "argument", text, argv: [text] })),
  );
  fc.assert(
    fc.property(fc.array(written, { maxLength: 8 }), (all) => {
      const args = parse(
        all.flatMap(({ argv }) => argv),
        FREE,
      );
      const last = (name: string) => all.findLast((one) => one.name === name)?.text;
      expect(args.value("port")).toBe(last("port"));
      expect(args.value("host")).toBe(last("host"));
      expect(args.positionals).toEqual(all.filter(({ name }) => name === "argument").map(({ text }) => text));
    }),
  );
});

test("parseArguments() answers any argv with Arguments or a UsageError", () => {
  const word = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("-p", "--port", "--", "-", "--host=", "-jj", "--json"),
  );
  fc.assert(
    fc.property(fc.array(word), (argv) => {
      try {
        expect(parse(argv)).toBeInstanceOf(Arguments);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
  );
});
