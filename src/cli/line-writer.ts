import { systemClock } from "../lib/clock.ts";
import type { Written } from "./write-fd.ts";
import { writeOnce } from "./write-fd.ts";

/** Lines that wait longer than this for a reader that does not read are given up: a log must not fill the memory. */
const MAX_WAITING_CHARS = 1024 * 1024;
const RETRY_MS = 20;
const LAST_TRIES = 50;

export interface LineWriterParts {
  /** Writes some bytes and says how many. Errors are a reader's loss, not the gateway's. */
  readonly write: (bytes: Uint8Array) => Written;
  /** Calls `task` once this turn of the event loop is over. */
  readonly soon: (task: () => void) => void;
  /** Calls `task` some milliseconds later. */
  readonly later: (task: () => void, ms: number) => void;
  /** Waits, blocking. Only used at the very end. */
  readonly pause: (ms: number) => void;
}

/** Gathers the lines of one turn of the event loop and writes them with one system call. */
export class LineWriter {
  #waiting = "";
  #rest: Uint8Array = new Uint8Array();
  #dropped = 0;
  #scheduled = false;
  readonly #parts: LineWriterParts;

  constructor(parts: LineWriterParts) {
    this.#parts = parts;
  }

  /** Takes whole lines, each with its line feed. */
  write(lines: string): void {
    if (this.#waiting.length + this.#rest.length + lines.length > MAX_WAITING_CHARS) {
      this.#dropped += 1;
      return;
    }
    this.#waiting += lines;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#parts.soon(() => this.#turn());
  }

  /** Writes what waits, and waits a second at most for a reader that is slow. Call it before the process ends. */
  flush(): void {
    for (let tries = 0; tries < LAST_TRIES && !this.#write(); tries += 1) this.#parts.pause(RETRY_MS);
  }

  #turn(): void {
    if (this.#write()) this.#scheduled = false;
    else this.#parts.later(() => this.#turn(), RETRY_MS);
  }

  /** True when nothing is left to write. */
  #write(): boolean {
    for (;;) {
      if (this.#rest.length === 0) {
        if (this.#waiting === "") return true;
        this.#rest = new TextEncoder().encode(this.#waiting + this.#loss());
        this.#waiting = "";
      }
      const written = this.#tryWrite();
      if (written === "full") return false;
      this.#rest = written === "gone" ? new Uint8Array() : this.#rest.subarray(written);
    }
  }

  #tryWrite(): Written {
    try {
      return this.#parts.write(this.#rest);
    } catch {
      return "gone"; // a full disk behind stderr must not stop the gateway
    }
  }

  #loss(): string {
    if (this.#dropped === 0) return "";
    const text = `${this.#dropped} log lines were dropped here: nobody read stderr\n`;
    this.#dropped = 0;
    return text;
  }
}

/** The writer of the process's log. */
export function stderrLines(): LineWriter {
  return new LineWriter({
    write: (bytes) => writeOnce(2, bytes),
    soon: (task) => setImmediate(task),
    later: (task, ms) => void systemClock.after(ms, task),
    pause: (ms) => Bun.sleepSync(ms),
  });
}
