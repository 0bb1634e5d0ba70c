import type { Clock, Timer } from "../lib/clock.ts";
import type { Log } from "../observe/log.ts";
import type { StoredRefusal } from "../protocol/refusal.ts";
import type { RefusalStore } from "../store/store.ts";

const EVERY_MS = 1_000;
/** Strangers can make refusals as fast as they like, but each of them must not become a write. */
const MAX_A_SECOND = 50;

export interface RefusalLogParts {
  readonly refusals: Pick<RefusalStore, "add">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps what was refused and why, gathered into one write a second. Past the limit they are counted, not kept. */
export class RefusalLog {
  readonly #parts: RefusalLogParts;
  #waiting: StoredRefusal[] = [];
  #dropped = 0;
  #timer: Timer | null = null;

  constructor(parts: RefusalLogParts) {
    this.#parts = parts;
  }

  record(refusal: StoredRefusal): void {
    if (this.#waiting.length >= MAX_A_SECOND) {
      this.#dropped += 1;
      return;
    }
    const { request_id, source, reason, client, detail } = refusal;
    this.#parts.log.warn("A delivery was refused", { request_id, source, reason, client, detail });
    this.#waiting.push(refusal);
    this.#timer ??= this.#parts.clock.after(EVERY_MS, () => void this.flush());
  }

  /** Writes what waits. Never rejects: a refusal that cannot be kept is in the log all the same. */
  async flush(): Promise<void> {
    const { refusals, log } = this.#parts;
    this.#timer?.cancel();
    this.#timer = null;
    const batch = this.#waiting;
    const dropped = this.#dropped;
    this.#waiting = [];
    this.#dropped = 0;
    if (dropped > 0) log.warn("More deliveries were refused than are kept", { kept: batch.length, not_kept: dropped });
    if (batch.length === 0) return;
    try {
      await refusals.add(batch);
    } catch (error) {
      log.warn("Refused deliveries could not be kept", { refusals: batch.length, error: String(error) });
    }
  }
}
