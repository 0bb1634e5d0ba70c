import { expect, test } from "bun:test";
import { makeLimiters } from "../../src/gateway/limits.ts";

const { limiters, policies } = makeLimiters({
  enabled: true,
  max_requests_per_window: 7,
  window_seconds: 30,
  max_tracked_keys: 100,
});

/** Hits of a new key that are allowed at once. */
function allowed(limiter: keyof typeof limiters): number {
  let count = 0;
  while (limiters[limiter].hit("key", false, 0) >= 0) count += 1;
  return count;
}

test("makeLimiters gives writes the configured window, reads ten times as many, pairing 10 a minute whatever is configured", () => {
  expect([allowed("default"), allowed("reads"), allowed("pair")]).toEqual([7, 70, 10]);
  expect(limiters.default.peek("key", 29_999).resetMs).toBe(1);
  expect(limiters.pair.peek("key", 30_000).resetMs).toBe(30_000);
});

test("makeLimiters describes each window as it is", () => {
  expect(policies).toEqual({ default: '"default";q=7;w=30', reads: '"reads";q=70;w=30', pair: '"pair";q=10;w=60' });
});
