import type { Clock, Timer } from "../lib/clock.ts";
import type { Log } from "../observe/log.ts";
import type { DeviceStore } from "../store/store.ts";
import { Serial } from "./serial.ts";

const SAVE_EVERY_MS = 60_000;

/** When devices were last seen: noted for every request, saved at most once a minute. */
export class LastSeen {
  readonly #store: DeviceStore;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Milliseconds since the epoch, by device: what is not saved yet. */
  #unsaved = new Map<string, number>();
  readonly #writes = new Serial();
  #timer: Timer | null = null;

  constructor(store: DeviceStore, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  note(device_id: string, at: number): void {
    this.#unsaved.set(device_id, at);
    this.#timer ??= this.#clock.after(SAVE_EVERY_MS, () => {
      this.#timer = null;
      void this.flush();
    });
  }

  forget(device_id: string): void {
    this.#unsaved.delete(device_id);
  }

  /** Saves now. Never rejects: when it fails that is logged, and the times are kept for the next minute. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    return this.#writes.run(() => this.#save());
  }

  async #save(): Promise<void> {
    if (this.#unsaved.size === 0) return;
    const times = this.#unsaved;
    this.#unsaved = new Map();
    try {
      await this.#store.seen(times);
    } catch (error) {
      this.#log.warn("Cannot save when devices were last seen: trying again in a minute", { error: String(error) });
      for (const [device_id, at] of times) if (!this.#unsaved.has(device_id)) this.note(device_id, at);
    }
  }
}
