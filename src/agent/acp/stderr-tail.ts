import type { Clock } from "../../lib/clock.ts";
import { clean, cut } from "../../lib/plain-text.ts";
import type { Log } from "../../observe/log.ts";

const MAX_LINE = 500;
const KEPT = 20;
const MINUTE_MS = 60_000;

/** What agents write on stderr: logged at debug, and the last lines at warn when one has crashed, 20 a minute at most. */
export class StderrTail {
  readonly #log: Log;
  readonly #clock: Clock;
  #lines: string[] = [];
  #warned: number[] = [];

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** The last line that says something; null when there was none. */
  get last(): string | null {
    return this.#lines.at(-1) ?? null;
  }

  /** Reads to the end. Forgets what an earlier process said. `onBytes` is called whenever some come. Never rejects. */
  async read(stderr: ReadableStream<Uint8Array>, onBytes: () => void): Promise<void> {
    this.#lines = [];
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of stderr) {
        onBytes();
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        // A line without an end must not grow for ever; what is cut off it is lost.
        rest = (lines.pop() ?? "").slice(0, MAX_LINE);
        for (const line of lines) this.#add(line);
      }
    } catch {
      // The pipe broke with its process: what was read is what there is.
    }
    this.#add(rest);
  }

  /** Logs the last lines at warn. */
  warn(): void {
    const now = this.#clock.monotonic();
    this.#warned = this.#warned.filter((at) => now - at < MINUTE_MS);
    const room = KEPT - this.#warned.length;
    for (const line of room > 0 ? this.#lines.slice(-room) : []) {
      this.#warned.push(now);
      this.#log.warn("The agent's stderr", { line });
    }
  }

  #add(text: string): void {
    const line = cut(clean(text.slice(0, 2 * MAX_LINE)).trim(), MAX_LINE);
    if (line === "") return;
    this.#lines.push(line);
    if (this.#lines.length > KEPT) this.#lines.shift();
    this.#log.debug("The agent's stderr", { line });
  }
}
