import type { SocketLike } from "./socket.ts";

/** A reader that is further behind is let go: it holds memory of ours. */
export const MAX_BEHIND = 1024 * 1024;
/** A paced writer goes on when less than this is waiting. */
export const PACE_BYTES = 64 * 1024;

/**
 * The way out of one socket. Nothing is dropped: a frame is sent, or queued, or the reader is `tooSlow`. A frame may be of
 * any size; what counts is how much was waiting before it.
 */
export class Outbox {
  readonly #socket: SocketLike;
  readonly #tooSlow: () => void;
  readonly #paced = new Set<() => void>();
  /** Waiting bytes that came from paced writers: who catches up is not behind. */
  #forgiven = 0;
  #closed = false;

  constructor(socket: SocketLike, tooSlow: () => void) {
    this.#socket = socket;
    this.#tooSlow = tooSlow;
  }

  send(text: string): void {
    if (this.#closed) return;
    if (this.#socket.bufferedAmount() - this.#forgiven > MAX_BEHIND || !this.#sent(text)) this.#tooSlow();
  }

  /** Sends without counting against the reader. Wait for `room` first. */
  sendPaced(text: string): void {
    this.send(text);
    if (!this.#closed) this.#forgiven = this.#socket.bufferedAmount();
  }

  /** Resolves when little is waiting, or when `signal` aborts or the outbox closes. */
  async room(signal: AbortSignal): Promise<void> {
    while (!this.#closed && !signal.aborted && this.#socket.bufferedAmount() > PACE_BYTES) await this.#drain(signal);
  }

  /** The reader has taken something. */
  drained(): void {
    if (this.#socket.bufferedAmount() <= PACE_BYTES) this.#forgiven = 0;
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Writers that wait for room. */
  get waiting(): number {
    return this.#paced.size;
  }

  /** False when it was dropped. A socket that throws must not take others' frames, or the process, with it. */
  #sent(text: string): boolean {
    try {
      return this.#socket.send(text) !== 0;
    } catch {
      return false;
    }
  }

  #drain(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        this.#paced.delete(done);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      this.#paced.add(done);
    });
  }

  #wake(): void {
    for (const wake of [...this.#paced]) wake();
  }
}
