import { expect, test } from "bun:test";
import { retryAfterMs } from "../../src/replies/retry-after.ts";
import { NOW } from "./support.ts";

const read = (value: string) => retryAfterMs(new Headers({ "retry-after": value }), NOW);

test("retryAfterMs reads seconds and HTTP dates, and no date of the past as a debt", () => {
  expect(read("0")).toBe(0);
  expect(read(" 120 ")).toBe(120_000);
  expect(read("Sun, 22 Nov 2026 12:01:30 GMT")).toBe(90_000);
  expect(read("Sat, 21 Nov 2026 12:00:00 GMT")).toBe(0);
});

test("retryAfterMs reads nothing else", () => {
  for (const value of ["", "-1", "1.5", "1e3", "soon", "2026-11-22T12:01:30Z", "9999999999"]) {
    expect([value, read(value)]).toEqual([value, undefined]);
  }
  expect(retryAfterMs(new Headers(), NOW)).toBeUndefined();
});
