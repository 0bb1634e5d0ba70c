import { expect, test } from "bun:test";
import { findSetting } from "../../src/config/keys.ts";
import { parseSetting } from "../../src/config/value-text.ts";

const parsed = (key: string, text: string) => parseSetting(key, findSetting(key)!, text); // the keys are known ones

test.each([
  ["gateway.port", "8080", 8080],
  ["gateway.port", " 0 ", 0],
  ["gateway.wait_seconds", "2.5", 2.5],
  ["gateway.rate_limit.enabled", "true", true],
  ["gateway.rate_limit.enabled", "False", false],
  ["gateway.host", "0.0.0.0", "0.0.0.0"],
  ["agent.system_prompt", " 42, [true] ", " 42, [true] "],
  ["gateway.allowed_hosts", "a.example, b.example", ["a.example", "b.example"]],
  ["gateway.allowed_hosts", '["a.example","b.example"]', ["a.example", "b.example"]],
  ["gateway.allowed_hosts", "a.example", ["a.example"]],
  ["gateway.allowed_hosts", "", []],
  ["gateway.allowed_hosts", "[]", []],
])("`parseSetting` reads %s %p as %p", (key, text, value) => {
  expect(parsed(key, text)).toEqual({ ok: true, value });
});

test.each([
  ["gateway.port", "", "(found empty text)"],
  ["gateway.port", "0x10", '(found "0x10")'],
  ["gateway.port", "1e3", '(found "1e3")'],
  ["gateway.port", "Infinity", '(found "Infinity")'],
  ["gateway.port", "8080.5", "(found 8080.5)"],
  ["gateway.rate_limit.enabled", "yes", '(found "yes")'],
  ["gateway.allowed_hosts", '["a"', '(found "[\\"a\\"")'],
  ["gateway.allowed_hosts", "[1]", "(found a list of 1)"],
  ["gateway.allowed_hosts", "a,,b", 'entry 2 ("") is no host name'],
])("`parseSetting` refuses %s %p", (key, text, reason) => {
  const result = parsed(key, text);

  expect(result.ok ? "" : result.detail).toContain(reason);
});
