import { expect, test } from "bun:test";
import fc from "fast-check";
import { nearest } from "../../src/lib/nearest.ts";

const COMMANDS = ["gateway", "status", "send", "chat", "events", "devices", "config"];

test.each([
  ["gatewya", "gateway"],
  ["gatway", "gateway"],
  ["Status", "status"],
  ["conf", "config"],
  ["dev", "devices"],
  ["device", "devices"],
  ["sned", "send"],
])("nearest() takes %p for %p", (typed, meant) => {
  expect(nearest(typed, COMMANDS)).toBe(meant);
});

test.each(["zzz", "", "x", "completely-different"])("nearest() suggests nothing for %p", (typed) => {
  expect(nearest(typed, COMMANDS)).toBeUndefined();
});

test("nearest() answers any text with a candidate or nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (typed) => {
      const found = nearest(typed, COMMANDS);
      expect(found === undefined || COMMANDS.includes(found)).toBe(true);
    }),
  );
});
