import { expect, test } from "bun:test";
import fc from "fast-check";
import { COMMANDS } from "../../src/cli/commands.ts";
import { UsageError } from "../../src/cli/exit-codes.ts";
import { requestOf } from "../../src/cli/program.ts";
import { VERSION } from "../../src/lib/version.ts";
import { call, MemoryOutput } from "../support/cli.ts";

function ask(...argv: string[]) {
  const request = requestOf(argv, COMMANDS);
  return request.kind === "run" ? [request.command.path.join(" "), ...request.rest] : request;
}

test("requestOf() finds the command with the most words", () => {
  expect(ask("gateway", "-p", "1")).toEqual(["gateway", "-p", "1"]);
  expect(ask("gateway", "get-paircode", "--new")).toEqual(["gateway get-paircode", "--new"]);
  expect(ask("devices", "rename", "0198", "phone")).toEqual(["devices rename", "0198", "phone"]);
});

test("requestOf() takes words after the command's for its arguments, whatever they are", () => {
  expect(ask("send", "help", "gateway")).toEqual(["send", "help", "gateway"]);
  expect(ask("config", "get", "gateway")).toEqual(["config get", "gateway"]);
  expect(ask("send", "--", "--help")).toEqual(["send", "--", "--help"]);
});

test.each([
  [[], []],
  [["help"], []],
  [["help", "--help"], []],
  [["--help"], []],
  [["-h"], []],
  [["help", "gateway"], ["gateway"]],
  [["gateway", "--help"], ["gateway"]],
  [["gateway", "-p", "0", "-h"], ["gateway"]],
  [
    ["help", "gateway", "get-paircode"],
    ["gateway", "get-paircode"],
  ],
  [["help", "devices"], ["devices"]],
  [
    ["devices", "revoke", "0198", "--help"],
    ["devices", "revoke"],
  ],
])("requestOf(%j) asks for help about %j", (argv, words) => {
  expect(ask(...argv)).toEqual({ kind: "help", words });
});

test.each([[["--version"]], [["-V"]], [["gateway", "--version"]]])("requestOf(%j) asks for the version", (argv) => {
  expect(ask(...argv)).toEqual({ kind: "version" });
});

test.each([
  [["gatewya"], 'Cannot run "zeroclaw gatewya": there is no such command. Did you mean "zeroclaw gateway"?'],
  [["zzz"], 'Cannot run "zeroclaw zzz": there is no such command.\nFor the commands: zeroclaw --help'],
  [["help", "zzz"], 'Cannot run "zeroclaw zzz"'],
  [
    ["gateway", "start"],
    "there is no such command. To start the gateway: zeroclaw gateway.\nIts commands: get-paircode.",
  ],
  [["gateway", "get-pairccode"], 'Did you mean "zeroclaw gateway get-paircode"?'],
  [["devices"], 'Cannot run "zeroclaw devices" alone: add one of its commands.\nIts commands: list, revoke, rename.'],
  [["devices", "lst"], 'Did you mean "zeroclaw devices list"?'],
  [["--port", "1", "gateway"], 'there is no option "--port" before a command.'],
  [["\u001b[2J"], 'Cannot run "zeroclaw \\u001b[2J"'],
])("requestOf(%j) is refused: %s", (argv, message) => {
  expect(() => ask(...argv)).toThrow(UsageError);
  expect(() => ask(...argv)).toThrow(message);
});

test("requestOf() answers any argv with a request or a UsageError", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom("gateway", "devices", "list", "help", "--help", "-h", "--", "-V", "events"),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
      try {
        expect(["run", "help", "version"]).toContain(requestOf(argv, COMMANDS).kind);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
  );
});

test("runProgram() without arguments prints the help and succeeds", async () => {
  const { code, stdout, stderr } = await call([]);
  expect([code, stderr]).toEqual([0, ""]);
  for (const { path } of COMMANDS) expect(stdout).toContain(`  ${path.join(" ")} `);
});

test("runProgram() prints the version on one line", async () => {
  expect(await call(["--version"])).toEqual({ code: 0, stdout: `zeroclaw ${VERSION} (source)\n`, stderr: "" });
});

test("runProgram() says usage errors on stderr alone, with exit code 2", async () => {
  const { code, stdout, stderr } = await call(["gateway", "-p", "80a"]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toBe(
    'Cannot start the gateway: "-p 80a" is not a port. A whole number from 0 to 65535 is needed.\n' +
      "For its options: zeroclaw gateway --help\n",
  );
});

test("runProgram() ends quietly when stdout has no reader", async () => {
  const out = new MemoryOutput();
  out.closed = true;
  expect(await call(["--help"], { out })).toEqual({ code: 0, stdout: "", stderr: "" });
});
