import { RingBuffer } from "../lib/ring-buffer.ts";

/**
 * Allows at most `limit` hits in any `windowMs`: exact, because it remembers when each allowed hit was. Times must not
 * fall. It extends its ring instead of holding one: with 10,000 windows the time goes into cache misses, and one object
 * less for each window took a tenth to a half off every hit (`test/bench/limits.bench.ts`).
 */
export class SlidingWindow extends RingBuffer {
  readonly #limit: number;
  readonly #windowMs: number;

  constructor(limit: number, windowMs: number) {
    super(limit);
    this.#limit = limit;
    this.#windowMs = windowMs;
  }

  /**
   * Counts a hit if there is room. Returns how many more are allowed now (0 or more), or minus the whole milliseconds
   * to wait (below 0); a refused hit is not counted. One number for both, because this runs for every request and must
   * not allocate.
   */
  hit(nowMs: number): number {
    this.dropThrough(nowMs - this.#windowMs);
    if (this.full) return -this.#waitMs(nowMs);
    this.push(nowMs);
    return this.#limit - this.size;
  }

  /** How many hits are allowed now. */
  remaining(nowMs: number): number {
    this.dropThrough(nowMs - this.#windowMs);
    return this.#limit - this.size;
  }

  /** Milliseconds until one more hit is allowed than now; 0 when nothing is used. */
  resetMs(nowMs: number): number {
    this.dropThrough(nowMs - this.#windowMs);
    return this.size === 0 ? 0 : this.#waitMs(nowMs);
  }

  /** Whether every hit has left the window, so that forgetting it all loses nothing. */
  idle(nowMs: number): boolean {
    const newest = this.newest();
    return newest === undefined || newest <= nowMs - this.#windowMs;
  }

  /** Until the oldest hit leaves the window. Whole and never 0, so that who waits that long is let in. */
  #waitMs(nowMs: number): number {
    return Math.max(1, Math.ceil(this.oldest()! + this.#windowMs - nowMs));
  }
}

/** What `hit` returned as whole seconds to wait; 0 when the hit was allowed. */
export function secondsToWait(remaining: number): number {
  return remaining < 0 ? Math.ceil(-remaining / 1_000) : 0;
}
