import { type Clock, sleep } from "../lib/clock.ts";
import type { Store } from "../store/store.ts";

const DAY_MS = 86_400_000;
/** Duplicates are known by the rows of the events, and providers send again for up to a week (WhatsApp). */
export const DUPLICATES_KNOWN_MS = 7 * DAY_MS;
/** Rows a step, and the pause after it: while one is deleted, nobody else's write waits longer than a step takes. */
const STEP = 200;
const PAUSE_MS = 50;
const REFUSALS_KEPT = 10_000;

export interface RetentionParts {
  readonly store: Pick<Store, "events" | "refusals">;
  /** `store.retention_days`. */
  readonly days: number;
  readonly clock: Clock;
}

/** Deletes what has been kept long enough, in small steps: bytes after `days`, whole events and refusals after that or 7 days. */
export class Retention {
  readonly #parts: RetentionParts;
  #stopped = false;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    const { store, days, clock } = this.#parts;
    const now = clock.now();
    const bytes = now - days * DAY_MS;
    const rows = Math.min(bytes, now - DUPLICATES_KNOWN_MS);
    await this.#steps(() => store.events.purgeBodies({ before: bytes }, STEP));
    await this.#steps(() => store.events.purge({ before: rows }, STEP));
    await this.#steps(() => store.refusals.purge(bytes, REFUSALS_KEPT, STEP));
  }

  /** The step that is being done is the last one. */
  stop(): void {
    this.#stopped = true;
  }

  async #steps(step: () => Promise<number>): Promise<void> {
    while (!this.#stopped && (await step()) > 0) await sleep(this.#parts.clock, PAUSE_MS);
  }
}
