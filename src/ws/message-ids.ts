import type { RunHandle } from "../runs/runs.ts";

/** Which run a message's `id` led to, for as long as that run goes on: a client may cancel what it never got a `run_id` of. */
export class MessageIds {
  readonly #runs = new Map<string, string>();

  get size(): number {
    return this.#runs.size;
  }

  add(device_id: string, id: string, { run_id, ended }: RunHandle): void {
    const key = `${device_id}\n${id}`; // a device's id has no line feed
    this.#runs.set(key, run_id);
    void ended.then(() => {
      if (this.#runs.get(key) === run_id) this.#runs.delete(key);
    });
  }

  runOf(device_id: string, id: string): string | undefined {
    return this.#runs.get(`${device_id}\n${id}`);
  }
}
