import { expect, test } from "bun:test";
import { CommandError, errorText, exitCodeOf, OutputClosed, UsageError } from "../../src/cli/exit-codes.ts";

function named(name: string, message = "Cannot do it: no. Try again."): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

test.each([
  ["UsageError", new UsageError("x"), 2],
  ["ConfigError", named("ConfigError"), 2],
  ["StartError", named("StartError"), 1],
  ["ConfigReadOnly", named("ConfigReadOnly"), 1],
  ["ConfigNotWritten", named("ConfigNotWritten"), 1],
  ["CommandError", new CommandError("x"), 1],
  ["TypeError", new TypeError("x"), 1],
  ["thrown string", "a string", 1],
  ["thrown undefined", undefined, 1],
  ["OutputClosed", new OutputClosed("x"), 0],
] as const)("exitCodeOf() a %s is right", (_name, error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});

test.each(["UsageError", "CommandError", "ConfigError", "StartError"])(
  "errorText() of a %s is its message and nothing else",
  (name) => {
    expect(errorText(named(name), false)).toBe("Cannot do it: no. Try again.");
  },
);

test("errorText() of a surprise says so, and where to find its stack", () => {
  const text = errorText(new TypeError("x is undefined"), false);
  expect(text).toBe(
    'Cannot go on: unexpected error "x is undefined". Run it again with ZEROCLAW_DEBUG=1 to see where it comes from.',
  );
});

test("errorText() has stacks and causes only when debugging", () => {
  const error = new Error("outer", { cause: new Error("inner") });
  expect(errorText(error, true)).toContain("exit-codes.test.ts");
  expect(errorText(error, true)).toContain("caused by: ");
  expect(errorText(error, false)).not.toContain("exit-codes.test.ts");
});
