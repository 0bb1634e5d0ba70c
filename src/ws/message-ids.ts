import { Lru } from "../lib/lru.ts";
import type { RunHandle } from "../runs/runs.ts";

/** Runs whose message's `id` is remembered for those who come back to their session. */
const REMEMBERED = 10_000;

/**
 * Which run a message's `id` led to, for as long as that run goes on: a client may cancel what it never got a `run_id` of. And
 * which `id` a run's message had, for a while longer: a client that comes back on another socket knows its message by that.
 */
export class MessageIds {
  readonly #runs = new Map<string, string>();
  readonly #ids = new Lru<string, { readonly device_id: string; readonly id: string }>(REMEMBERED);

  get size(): number {
    return this.#runs.size;
  }

  add(device_id: string, id: string, { run_id, ended }: RunHandle): void {
    const key = `${device_id}\n${id}`; // a device's id has no line feed
    this.#runs.set(key, run_id);
    this.#ids.set(run_id, { device_id, id });
    void ended.then(() => {
      if (this.#runs.get(key) === run_id) this.#runs.delete(key);
    });
  }

  runOf(device_id: string, id: string): string | undefined {
    return this.#runs.get(`${device_id}\n${id}`);
  }

  /** What the device that sent a run's message called it; no other device's business. */
  idOf(device_id: string, run_id: string): string | undefined {
    const known = this.#ids.peek(run_id);
    return known?.device_id === device_id ? known.id : undefined;
  }
}
