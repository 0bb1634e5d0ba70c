import type { Clock, Timer } from "../../src/lib/clock.ts";

/** A clock that moves when told. `advance` runs the timers that come due, in order. */
export class ManualClock implements Clock {
  #now: number;
  #elapsed = 0;
  #next = 0;
  readonly #timers = new Map<number, { at: number; task: () => void; interval: number | null }>();

  constructor(now: number = Date.parse("2026-11-22T12:00:00.000Z")) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(delayMs: number, task: () => void): Timer {
    return this.#add(delayMs, task, null);
  }

  every(intervalMs: number, task: () => void): Timer {
    return this.#add(intervalMs, task, intervalMs);
  }

  /** Moves time by `ms`, running every timer on the way at its own moment. */
  advance(ms: number): void {
    const end = this.#elapsed + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, t]) => t.at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (!due) break;
      const [id, timer] = due;
      this.#moveTo(Math.max(timer.at, this.#elapsed));
      if (timer.interval === null) this.#timers.delete(id);
      else timer.at += timer.interval;
      timer.task();
    }
    this.#moveTo(end);
  }

  /** Moves wall time alone, as an operator or NTP would. */
  setWallTime(now: number): void {
    this.#now = now;
  }

  get timers(): number {
    return this.#timers.size;
  }

  #add(delayMs: number, task: () => void, interval: number | null): Timer {
    const id = this.#next++;
    this.#timers.set(id, { at: this.#elapsed + delayMs, task, interval });
    return { cancel: () => this.#timers.delete(id) };
  }

  #moveTo(elapsed: number): void {
    this.#now += elapsed - this.#elapsed;
    this.#elapsed = elapsed;
  }
}
