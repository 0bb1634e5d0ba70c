import type { Retention } from "../inbox/retention.ts";
import type { Silence } from "../inbox/silence.ts";
import type { Clock, Timer } from "../lib/clock.ts";
import type { Idempotency } from "../limits/idempotency.ts";
import type { Log } from "../observe/log.ts";
import type { CounterRow, Store, StoredReminder } from "../store/store.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const HISTORY_KEPT_MS = 7 * 24 * HOUR;
const DUE_AT_ONCE = 20;
const INDEX_STEP = 50;
const INDEX_STEPS = 10;

export interface UpkeepParts {
  readonly store: Pick<Store, "probe" | "fault" | "counters" | "reminders"> & {
    readonly events: Pick<Store["events"], "rebase" | "index">;
    readonly replies: Pick<Store["replies"], "rebase">;
  };
  readonly idempotency: Pick<Idempotency, "purge">;
  readonly retention: Pick<Retention, "run" | "stop">;
  readonly silence: Pick<Silence, "check">;
  /** The minute that has just ended. */
  readonly minute: () => Promise<CounterRow>;
  /** Gives a reminder to its session; resolves when that is on disk. */
  readonly remind: (reminder: StoredReminder) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What has to be done from time to time. One task never overlaps itself, and none can end the process. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #timers: Timer[] = [];

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  start(): void {
    const { store, idempotency, retention, silence, clock } = this.#parts;
    this.#every(SECOND, "give reminders", () => this.#remind());
    this.#every(SECOND, "make events searchable", () => this.#index());
    this.#every(5 * SECOND, "try the store again", async () => {
      if (store.fault !== null) await store.probe();
    });
    this.#every(MINUTE, "keep the minute's counters", async () => {
      await store.counters.put(await this.#parts.minute());
    });
    const rebase = this.#every(MINUTE, "mend what waits for a clock that was set back", () => this.#rebase());
    rebase(); // it may have been set back before this start
    this.#every(MINUTE, "look for silent sources", async () => silence.check());
    this.#every(HOUR, "delete what was kept long enough", () => retention.run());
    this.#every(HOUR, "forget old idempotency keys", () => idempotency.purge());
    this.#every(HOUR, "forget old counters", () => store.counters.purge(clock.now() - HISTORY_KEPT_MS));
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#parts.retention.stop();
  }

  async #remind(): Promise<void> {
    const { store, remind, clock } = this.#parts;
    const pending = await store.reminders.pending(DUE_AT_ONCE);
    for (const reminder of pending) if (reminder.due_at <= clock.now()) await remind(reminder);
  }

  /** In steps, so that nobody else's write waits for more than one; what is left comes a second later. */
  async #index(): Promise<void> {
    for (let step = 0; step < INDEX_STEPS; step += 1) {
      if ((await this.#parts.store.events.index(INDEX_STEP)) < INDEX_STEP) return;
    }
  }

  async #rebase(): Promise<void> {
    const { store, clock, log } = this.#parts;
    const events = await store.events.rebase(clock.now());
    const replies = await store.replies.rebase(clock.now());
    if (events + replies > 0) {
      log.warn("The clock was set back; what is to be tried again is due as long after now as it was", {
        events,
        replies,
      });
    }
  }

  /** Returns what does the task at once, unless it is being done. */
  #every(intervalMs: number, doing: string, task: () => Promise<unknown>): () => void {
    let busy = false;
    const run = () => {
      if (busy) return;
      busy = true;
      task()
        .catch((error) => this.#parts.log.warn(`Cannot ${doing}`, { error: String(error) }))
        .finally(() => {
          busy = false;
        });
    };
    this.#timers.push(this.#parts.clock.every(intervalMs, run));
    return run;
  }
}
