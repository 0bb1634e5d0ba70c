import { expect, test } from "bun:test";
import { resolveId, shortLength } from "../../src/cli/ids.ts";

const A = "0198f3a2-7c1b-7000-8000-000000000001";
const B = "0198f3a2-7c1b-7000-8000-000000000002";
const C = "0198ffff-0000-7000-8000-000000000003";

function resolve(typed: string): string {
  return resolveId(typed, [A, B, C], "revoke the device", "device");
}

test.each([
  [A, A],
  [A.toUpperCase(), A],
  ["0198ff", C],
  ["0198FF", C],
])("resolveId(%p) finds %p", (typed, id) => {
  expect(resolve(typed)).toBe(id);
});

test("resolveId() takes a whole id although it begins a longer one", () => {
  expect(resolveId("abcd", ["abcd", "abcdef"], "x", "device")).toBe("abcd");
  expect(resolveId("local", ["local"], "x", "device")).toBe("local");
});

test("resolveId() wants at least 4 characters", () => {
  expect(() => resolve("019")).toThrow('Cannot revoke the device: "019" is too short');
  expect(() => resolve("")).toThrow("too short");
});

test("resolveId() names the candidates of an ambiguous beginning", () => {
  expect(() => resolve("0198f3")).toThrow(
    `"0198f3" is the beginning of 2 devices. Give more of the id:\n  ${A}\n  ${B}`,
  );
});

test("resolveId() says where ids are listed when nothing matches", () => {
  expect(() => resolve("ffff")).toThrow('there is no device "ffff".\nFor their ids: zeroclaw devices list');
});

test("shortLength() is 8, or as much as tells the ids apart", () => {
  expect(shortLength([])).toBe(8);
  expect(shortLength([A])).toBe(8);
  expect(shortLength([A, A])).toBe(8);
  expect(shortLength([A, C])).toBe(8);
  expect(shortLength([A, B])).toBe(36);
});
