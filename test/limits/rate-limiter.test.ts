import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RateLimiter } from "../../src/limits/rate-limiter.ts";

const make = (limit: number, maxKeys: number) => new RateLimiter({ limit, windowMs: 1_000, maxKeys });

describe("RateLimiter", () => {
  test("gives each key its own window", () => {
    const limiter = make(2, 10);
    expect([limiter.hit("a", false, 0), limiter.hit("a", false, 0), limiter.hit("a", false, 0)]).toEqual([
      1, 0, -1_000,
    ]);
    expect(limiter.hit("b", false, 0)).toBe(1);
  });

  test("frees a slot exactly one window after it was used", () => {
    const limiter = make(1, 10);
    limiter.hit("a", false, 500);
    expect(limiter.hit("a", false, 1_499)).toBe(-1);
    expect(limiter.hit("a", false, 1_500)).toBe(0);
  });

  test("lets strangers past the bound share one window, without touching those inside", () => {
    const limiter = make(2, 2);
    limiter.hit("a", false, 0);
    limiter.hit("b", false, 0);
    expect([limiter.hit("c", false, 1), limiter.hit("d", false, 2), limiter.hit("e", false, 3)]).toEqual([1, 0, -998]);
    expect([limiter.hit("a", false, 3), limiter.hit("b", false, 3)]).toEqual([0, 0]);
    expect([limiter.hit("a", false, 4), limiter.size]).toEqual([-996, 2]);
  });

  test("cannot be made to forget a busy window by a spray of addresses", () => {
    const limiter = make(3, 5);
    for (let i = 0; i < 3; i += 1) limiter.hit("victim", false, 0);
    let allowed = 0;
    for (let i = 0; i < 1_000; i += 1) if (limiter.hit(`spray ${i}`, false, i / 2) >= 0) allowed += 1;
    expect(allowed).toBe(4 + 3); // one hit for each of the free places, and one shared window
    expect(limiter.hit("victim", false, 999)).toBe(-1);
    expect(limiter.size).toBe(5);
  });

  test("takes a device in when all windows are busy", () => {
    const limiter = make(2, 1);
    limiter.hit("stranger", false, 0);
    expect([limiter.hit("other", false, 0), limiter.hit("other", false, 0), limiter.hit("other", false, 0)]).toEqual([
      1, 0, -1_000,
    ]);
    expect([limiter.hit("device", true, 0), limiter.hit("device", true, 0), limiter.hit("device", true, 0)]).toEqual([
      1, 0, -1_000,
    ]);
    expect(limiter.size).toBe(2);
  });

  test("gives an idle window's place to the next stranger, also when devices fill more than the bound", () => {
    const limiter = make(1, 1);
    for (const device of ["d1", "d2", "d3"]) limiter.hit(device, true, 0);
    expect([limiter.hit("s1", false, 999), limiter.hit("s2", false, 999)]).toEqual([0, -1_000]);
    expect([limiter.hit("s2", false, 1_000), limiter.size]).toEqual([0, 1]);
  });

  test("finds the idle window wherever it stands, however busy older keys are", () => {
    const limiter = make(2, 2);
    limiter.hit("busy", false, 0);
    limiter.hit("idle", false, 1);
    limiter.hit("busy", false, 900);
    limiter.hit("shares", false, 950);
    limiter.hit("shares", false, 950);
    expect([limiter.hit("new", false, 1_000), limiter.hit("new", false, 1_001)]).toEqual([-950, 1]);
  });

  test("forgets idle windows a few at a time when new keys come", () => {
    const limiter = make(1, 1_000);
    for (let i = 0; i < 100; i += 1) limiter.hit(`k${i}`, false, 0);
    for (let i = 0; i < 100; i += 1) limiter.hit(`n${i}`, false, 2_000);
    expect(limiter.size).toBe(100);
  });

  test("serves one key when there is room for one only", () => {
    const limiter = make(1, 1);
    expect([limiter.hit("a", false, 0), limiter.hit("b", false, 0), limiter.hit("c", false, 0)]).toEqual([
      0, 0, -1_000,
    ]);
  });

  test("says how a key stands without counting", () => {
    const limiter = make(2, 1);
    expect(limiter.peek("a", 0)).toEqual({ remaining: 2, resetMs: 0 });
    limiter.hit("a", false, 0);
    limiter.hit("b", false, 100);
    expect(limiter.peek("a", 250)).toEqual({ remaining: 1, resetMs: 750 });
    expect(limiter.peek("b", 250)).toEqual({ remaining: 1, resetMs: 850 });
    expect(limiter.peek("never seen", 250)).toEqual({ remaining: 1, resetMs: 850 }); // it would share with b
    expect(limiter.peek("never seen", 1_000)).toEqual({ remaining: 2, resetMs: 0 }); // a's place is free
    expect(limiter.peek("a", 250 + 1_000)).toEqual({ remaining: 2, resetMs: 0 });
  });

  test("decides as a naive exact limiter that keeps everything does", () => {
    const traffic = fc.array(
      fc.record({ key: fc.nat(9), known: fc.boolean(), gap: fc.oneof(fc.constant(0), fc.nat(60), fc.nat(1_500)) }),
      { maxLength: 250 },
    );
    fc.assert(
      fc.property(traffic, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }), (hits, limit, maxKeys) => {
        const limiter = make(limit, maxKeys);
        const oracle = new NaiveLimiter(limit, 1_000, maxKeys);
        let now = 0;
        for (const { key, known, gap } of hits) {
          now += gap;
          const name = `${known ? "device" : "address"} ${key}`;
          expect(limiter.hit(name, known, now)).toBe(oracle.hit(name, known, now));
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Plain arrays and full scans: slow, and easy to believe. */
class NaiveLimiter {
  readonly #own = new Map<string, number[]>();
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #maxKeys: number;
  #shared: number[] = [];

  constructor(limit: number, windowMs: number, maxKeys: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#maxKeys = maxKeys;
  }

  hit(key: string, known: boolean, now: number): number {
    const recent = (hits: readonly number[]) => hits.filter((at) => at > now - this.#windowMs);
    if (!this.#own.has(key)) this.#admit(key, known, recent);
    const hits = recent(this.#own.get(key) ?? this.#shared);
    const allowed = hits.length < this.#limit;
    if (allowed) hits.push(now);
    if (this.#own.has(key)) this.#own.set(key, hits);
    else this.#shared = hits;
    return allowed ? this.#limit - hits.length : now - this.#windowMs - hits[0]!;
  }

  #admit(key: string, known: boolean, recent: (hits: readonly number[]) => number[]): void {
    // When there is no room, every idle window goes; otherwise keeping one idle window more changes nothing.
    const busy = [...this.#own].filter(([, hits]) => recent(hits).length > 0).length;
    if (known || busy < this.#maxKeys) this.#own.set(key, []);
    for (const [other, hits] of this.#own) if (other !== key && recent(hits).length === 0) this.#own.delete(other);
  }
}
