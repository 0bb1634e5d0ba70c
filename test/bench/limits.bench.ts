/**
 * What the limits cost a request: `bun test/bench/limits.bench.ts`. Targets: 150 ns a decision with 10,000 busy keys, and
 * nothing allocated when a known key is allowed.
 */
import { memoryUsage } from "bun:jsc";
import { bench, do_not_optimize, run } from "mitata";
import { Idempotency } from "../../src/limits/idempotency.ts";
import { RateLimiter } from "../../src/limits/rate-limiter.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryIdempotencyStore } from "../support/memory-stores.ts";

const KEYS = 10_000;
const LIMIT = 60;
const WINDOW_MS = 60_000;
/** A prime: keys come in an order that no cache foresees. */
const STRIDE = 7_919;

const addresses = Array.from({ length: KEYS }, (_, i) => `10.${i >> 8}.${i & 255}.7`);

/** A limiter whose every window holds about 55 of 60 hits, and the function that hits the next key. */
function busyLimiter(): () => number {
  const limiter = new RateLimiter({ limit: LIMIT, windowMs: WINDOW_MS, maxKeys: KEYS });
  const stepMs = WINDOW_MS / (KEYS * 55);
  let now = 0;
  let next = 0;
  const hit = () => {
    now += stepMs;
    next = (next + STRIDE) % KEYS;
    return limiter.hit(addresses[next]!, false, now);
  };
  for (let i = 0; i < KEYS * 70; i += 1) hit();
  return hit;
}

/** Keys that are all answered and in memory, and the function that looks up the next one. */
async function answeredKeys(): Promise<() => Promise<unknown>> {
  const clock = new ManualClock();
  const keys = new Idempotency({ store: new MemoryIdempotencyStore(), maxKeys: KEYS, clock });
  const ids = Array.from({ length: KEYS }, () => crypto.randomUUID());
  for (const key of ids) {
    await keys.begin("device /webhook", key, "f");
    keys.complete({
      scope: "device /webhook",
      key,
      fingerprint: "f",
      run_id: null,
      status: 202,
      body: "",
      created_at: 0,
    });
  }
  let next = 0;
  return () => {
    next = (next + STRIDE) % KEYS;
    return keys.begin("device /webhook", ids[next]!, "f");
  };
}

/** Bytes allocated by a million calls: the least of five rounds, because compilers allocate in the background too. */
function allocated(call: () => unknown): number {
  const rounds = Array.from({ length: 5 }, () => {
    Bun.gc(true);
    const before = memoryUsage().current;
    for (let i = 0; i < 1_000_000; i += 1) do_not_optimize(call());
    return memoryUsage().current - before;
  });
  return Math.max(0, Math.min(...rounds));
}

const hit = busyLimiter();
const lookUp = await answeredKeys();

bench(`RateLimiter.hit, allowed, ${KEYS} busy keys`, () => do_not_optimize(hit()));
bench(`Idempotency.begin, replay, ${KEYS} keys in memory`, () => do_not_optimize(lookUp()));
bench("the same, awaited", async () => do_not_optimize(await lookUp()));
await run();

console.log(`\nRateLimiter.hit, allowed: ${allocated(hit)} bytes allocated by 1,000,000 calls`);
