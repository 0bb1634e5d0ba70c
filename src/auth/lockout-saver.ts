import type { Clock, Timer } from "../lib/clock.ts";
import type { Log } from "../observe/log.ts";
import type { Lockout, LockoutStore } from "../store/store.ts";
import { Serial } from "./serial.ts";

/** A row's key: what is counted, and for whom. */
export interface LockoutId {
  readonly kind: Lockout["kind"];
  readonly client: string;
}

export interface LockoutSaverOptions {
  readonly clock: Clock;
  readonly store: LockoutStore;
  readonly log: Log;
  /** Every count that means something now. */
  readonly live: () => readonly LockoutId[];
  /** A count as it is now; with no failures when it means nothing any more. */
  readonly row: (id: LockoutId) => Lockout;
}

const SAVE_EVERY_MS = 1_000;
/** Rows on disk that mean nothing any more, before they are cleared away. */
const MAX_STALE_ROWS = 1_000;

/** Brings lockouts to disk in the background: at most one write a second, and no request waits for it or fails with it. */
export class LockoutSaver {
  readonly #options: LockoutSaverOptions;
  readonly #writes = new Serial();
  readonly #changed = new Map<string, LockoutId>();
  /** The keys that are on disk, to know when stale rows pile up there. */
  readonly #stored = new Set<string>();
  #startOver = false;
  #failing = false;
  #timer: Timer | null = null;

  constructor(options: LockoutSaverOptions) {
    this.#options = options;
  }

  /** The rows of an earlier process; none when they cannot be read, which is logged. */
  async load(): Promise<readonly Lockout[]> {
    try {
      const rows = await this.#options.store.list();
      for (const row of rows) this.#stored.add(keyOf(row));
      return rows;
    } catch (error) {
      this.#options.log.error("Cannot read the lockouts: every address may try again", { error: String(error) });
      return [];
    }
  }

  /** Says that a count is another now. */
  change(id: LockoutId): void {
    this.#changed.set(keyOf(id), id);
    this.#schedule();
  }

  /** Replaces everything on disk with what is live, now. */
  startOver(): Promise<void> {
    this.#startOver = true;
    return this.flush();
  }

  /** Saves what is not on disk yet. Resolves also when that fails: it is logged and tried again. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    return this.#writes.run(() => this.#save());
  }

  #schedule(): void {
    this.#timer ??= this.#options.clock.after(SAVE_EVERY_MS, () => {
      this.#timer = null;
      void this.flush();
    });
  }

  async #save(): Promise<void> {
    const { store, log, live, row } = this.#options;
    const startOver = this.#startOver || this.#stored.size > live().length + MAX_STALE_ROWS;
    const ids = startOver ? live() : [...this.#changed.values()];
    if (ids.length === 0 && !startOver) return;
    this.#changed.clear();
    this.#startOver = false;
    try {
      const rows = ids.map(row);
      // Begun in one turn of the event loop, these two share a transaction: no crash leaves the table empty between them.
      await Promise.all(startOver ? [store.clear(), store.put(rows)] : [store.put(rows)]);
      if (startOver) this.#stored.clear();
      for (const id of ids) this.#stored.add(keyOf(id));
      if (this.#failing) log.info("Lockouts are saved again");
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.error("Cannot save lockouts: a restart would forget them", { error: String(error) });
      this.#failing = true;
      this.#startOver ||= startOver;
      for (const id of ids) this.#changed.set(keyOf(id), id);
      this.#schedule();
    }
  }
}

function keyOf({ kind, client }: LockoutId): string {
  return `${kind} ${client}`;
}
