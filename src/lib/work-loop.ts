import type { Clock, Timer } from "./clock.ts";

/** What waits for its time comes due without anybody telling, so the loop looks by itself this often. */
const LOOK_EVERY_MS = 1_000;

export interface WorkLoopParts<T> {
  /** Takes at most `room()` pieces of work, which is 0 once stopped. Rejecting leaves them to be looked for again. */
  readonly claim: (room: () => number) => Promise<readonly T[]>;
  /** Does one piece. Never rejects. */
  readonly work: (item: T) => Promise<void>;
  /** Told that a claim was rejected. */
  readonly claimFailed: (error: unknown) => void;
  readonly maxConcurrent: number;
  readonly clock: Clock;
}

/** Claims work from a store and does it, `maxConcurrent` pieces at a time: when told to look, and every second. */
export class WorkLoop<T> {
  readonly #parts: WorkLoopParts<T>;
  readonly #running = new Set<Promise<void>>();
  #timer: Timer | null = null;
  #claiming: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(parts: WorkLoopParts<T>) {
    this.#parts = parts;
  }

  get running(): number {
    return this.#running.size;
  }

  start(): void {
    this.#timer = this.#parts.clock.every(LOOK_EVERY_MS, () => this.kick());
    this.kick();
  }

  /** Says that there may be work. Cheap. */
  kick(): void {
    if (this.#stopped) return;
    if (this.#claiming !== null) {
      this.#again = true;
      return;
    }
    if (this.#room() <= 0) return; // whoever ends kicks again
    this.#again = false;
    this.#claiming = this.#claim().then(() => {
      this.#claiming = null;
      if (this.#again) this.kick();
    });
  }

  /** Claims nothing more. What is running goes on; wait for it with `idle`. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Resolves when nothing is running; after `stop` that stays so. */
  async idle(): Promise<void> {
    while (this.#claiming !== null || this.#running.size > 0) await Promise.all([this.#claiming, ...this.#running]);
  }

  #room(): number {
    return this.#stopped ? 0 : this.#parts.maxConcurrent - this.#running.size;
  }

  /** Never rejects. What there was no room for is claimed by whoever ends. */
  async #claim(): Promise<void> {
    try {
      for (const item of await this.#parts.claim(() => this.#room())) this.#start(item);
    } catch (error) {
      this.#parts.claimFailed(error);
    }
  }

  #start(item: T): void {
    const work = this.#parts.work(item).finally(() => {
      this.#running.delete(work);
      this.kick();
    });
    this.#running.add(work);
  }
}
