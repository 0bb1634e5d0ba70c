import { type Clock, sleep, type Timer } from "../lib/clock.ts";
import type { Log } from "../observe/log.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { EventStore } from "../store/store.ts";

/** Retrying events come due without anybody telling, so the worker looks by itself this often. */
const LOOK_EVERY_MS = 1_000;
/** How long the worker gives way to a rush at the door before it takes its next events all the same. */
const GIVE_WAY_MS = 25;

export interface WorkerParts {
  readonly events: Pick<EventStore, "claim">;
  /** Hands one event to the agent and settles its state; resolves when that is on disk. */
  readonly deliver: (event: EventWithBody) => Promise<void>;
  readonly maxConcurrent: number;
  /** True while so much comes in that accepting it goes before working it off. */
  readonly busy: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Hands accepted events to the agent: oldest first, one of each conversation at a time, `maxConcurrent` in all. */
export class InboxWorker {
  readonly #parts: WorkerParts;
  readonly #running = new Set<Promise<void>>();
  #timer: Timer | null = null;
  #claiming: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  get running(): number {
    return this.#running.size;
  }

  start(): void {
    this.#timer = this.#parts.clock.every(LOOK_EVERY_MS, () => this.kick());
    this.kick();
  }

  /** Says that there may be work. Cheap; called after every accepted event. */
  kick(): void {
    if (this.#stopped) return;
    if (this.#claiming !== null) {
      this.#again = true;
      return;
    }
    if (this.#running.size >= this.#parts.maxConcurrent) return; // whoever ends kicks again
    this.#again = false;
    this.#claiming = this.#claim().then((more) => {
      this.#claiming = null;
      if (more || this.#again) this.kick();
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

  /** Whether there may be more than there was room for. Never rejects. */
  async #claim(): Promise<boolean> {
    if (this.#parts.busy()) await sleep(this.#parts.clock, GIVE_WAY_MS);
    if (this.#stopped) return false;
    const room = this.#parts.maxConcurrent - this.#running.size;
    try {
      const events = await this.#parts.events.claim(room, this.#parts.clock.now());
      for (const event of events) this.#start(event);
      return events.length === room;
    } catch (error) {
      // The store is full or locked: the events stay where they are and are looked for again.
      this.#parts.log.error("Cannot claim events", { error: String(error) });
      return false;
    }
  }

  #start(event: EventWithBody): void {
    const work = this.#deliver(event).finally(() => {
      this.#running.delete(work);
      this.kick();
    });
    this.#running.add(work);
  }

  async #deliver(event: EventWithBody): Promise<void> {
    try {
      await this.#parts.deliver(event);
    } catch (error) {
      this.#parts.log.error("Cannot settle an event; it is handed back at the next start", {
        event_id: event.event_id,
        error: String(error),
      });
    }
  }
}
