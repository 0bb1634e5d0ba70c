import type { Clock, Timer } from "../lib/clock.ts";

const TICK_MS = 250;

/**
 * One deadline for many requests: all wait the same time, so they expire in the order they came and one slow timer
 * serves them all. A timer of its own for every request would cost more than the request.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #waitMs: number;
  /** In the order they were added, which is the order they expire. */
  readonly #waiting = new Map<() => void, number>();
  #timer: Timer | null = null;

  constructor(clock: Clock, waitMs: number) {
    this.#clock = clock;
    this.#waitMs = waitMs;
  }

  /** Calls `expire` unless `remove` is called before the time is over. */
  add(expire: () => void): void {
    this.#waiting.set(expire, this.#clock.monotonic() + this.#waitMs);
    this.#timer ??= this.#clock.every(TICK_MS, () => this.#tick());
  }

  remove(expire: () => void): void {
    this.#waiting.delete(expire);
  }

  #tick(): void {
    const now = this.#clock.monotonic();
    for (const [expire, at] of this.#waiting) {
      if (at > now) break;
      this.#waiting.delete(expire);
      expire();
    }
    if (this.#waiting.size === 0) {
      this.#timer?.cancel();
      this.#timer = null;
    }
  }
}
