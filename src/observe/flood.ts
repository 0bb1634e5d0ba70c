import type { Clock } from "../lib/clock.ts";
import type { Log } from "./log.ts";

const SECOND_MS = 1_000;

export interface FloodParts {
  /** Lines a second. */
  readonly limit: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps lines that strangers can cause as fast as they like from filling the disk: so many a second, and then how many more. */
export class Flood {
  readonly #parts: FloodParts;
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(parts: FloodParts) {
    this.#parts = parts;
  }

  /** Whether one more line may be written now. */
  allows(): boolean {
    const { limit, clock, log } = this.#parts;
    const now = clock.monotonic();
    if (now - this.#since >= SECOND_MS) {
      const missing = this.#count - limit;
      this.#since = now;
      this.#count = 0;
      if (missing > 0) log.warn("Requests were refused faster than they are logged", { not_logged: missing });
    }
    this.#count += 1;
    return this.#count <= limit;
  }
}
