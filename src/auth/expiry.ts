import type { Clock, Timer } from "../lib/clock.ts";

/** Wall time may jump and timers have a longest delay, so the time is looked at again at least this often. */
const LONGEST_SLEEP_MS = 60 * 60_000;

/** Says when things expire, each once, with one timer for all of them. */
export class Expiry {
  readonly #clock: Clock;
  readonly #onExpired: (id: string) => void;
  /** Milliseconds since the epoch. */
  readonly #times = new Map<string, number>();
  #timer: Timer | null = null;

  constructor(clock: Clock, onExpired: (id: string) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  watch(id: string, at: number): void {
    this.#times.set(id, at);
    this.#arm();
  }

  forget(id: string): void {
    if (this.#times.delete(id)) this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#times.size === 0) return;
    let soonest = Number.POSITIVE_INFINITY;
    for (const at of this.#times.values()) soonest = Math.min(soonest, at);
    const delayMs = Math.min(Math.max(0, soonest - this.#clock.now()), LONGEST_SLEEP_MS);
    this.#timer = this.#clock.after(delayMs, () => this.#check());
  }

  #check(): void {
    const now = this.#clock.now();
    const expired = [...this.#times].filter(([, at]) => at <= now).map(([id]) => id);
    for (const id of expired) this.#times.delete(id);
    this.#arm();
    for (const id of expired) this.#onExpired(id);
  }
}
