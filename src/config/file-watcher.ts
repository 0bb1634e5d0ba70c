import type { Clock, Timer } from "../lib/clock.ts";

const POLL_MS = 500;
/** An editor empties a file before it fills it again: it is looked into once it has stayed as it is for this long. */
const SETTLE_MS = 100;
/** Some file systems count whole seconds: a change soon after another may leave every number as it was. */
const COARSEST_TIME_MS = 2_000;

/**
 * Calls `onSettled` when a file may have changed, by its times, size and inode: at first, and then at most 600 ms after each
 * change. Polling also works where the system does not tell of changes: bind mounts, network folders, renamed files.
 */
export class FileWatcher implements Timer {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #onSettled: (cancelled: () => boolean) => Promise<void>;
  readonly #poll: Timer;
  #settle: Timer | null = null;
  /** The state that was last looked into, and the one that has to settle. */
  #done = "";
  #pending = "";
  #busy = false;
  #cancelled = false;

  /** `onSettled` handles its own errors; `cancelled` tells it whether anybody still wants to know. */
  constructor(path: string, clock: Clock, onSettled: (cancelled: () => boolean) => Promise<void>) {
    this.#path = path;
    this.#clock = clock;
    this.#onSettled = onSettled;
    this.#poll = clock.every(POLL_MS, () => void this.#look());
  }

  cancel(): void {
    this.#cancelled = true;
    this.#poll.cancel();
    this.#settle?.cancel();
  }

  async #look(): Promise<void> {
    if (this.#busy || this.#cancelled) return;
    this.#busy = true;
    try {
      await this.#lookOnce();
    } finally {
      this.#busy = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const { state, changedAt } = await stateOf(this.#path);
    if (state === this.#done || this.#cancelled) return;
    if (state !== this.#pending) {
      this.#pending = state;
      this.#settle?.cancel();
      this.#settle = this.#clock.after(SETTLE_MS, () => void this.#look());
      return;
    }
    await this.#onSettled(() => this.#cancelled);
    if (Math.abs(this.#clock.now() - changedAt) > COARSEST_TIME_MS) this.#done = state;
  }
}

async function stateOf(path: string): Promise<{ readonly state: string; readonly changedAt: number }> {
  // Bun's own: node:fs/promises would be loaded for this alone.
  const info = await Bun.file(path)
    .stat()
    .catch(() => null);
  if (info === null) return { state: "gone", changedAt: 0 };
  const { mtimeMs, ctimeMs, size, ino } = info;
  return { state: `${mtimeMs} ${ctimeMs} ${size} ${ino}`, changedAt: mtimeMs };
}
