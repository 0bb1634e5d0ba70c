import type { Clock, Timer } from "../lib/clock.ts";

/** Comment lines this often keep proxies and clients from taking silence for death. */
export const PING_MS = 10_000;
/** A reader that takes nothing for this long is cut off; it comes back with Last-Event-ID. */
const STALLED_MS = 60_000;
const BUFFER_BYTES = 64 * 1024;

export interface SseEvent {
  readonly event?: string;
  readonly id?: string;
  /** One line of JSON. */
  readonly data: string;
}

const encoder = new TextEncoder();

export function formatSse({ event, id, data }: SseEvent): string {
  return `${event === undefined ? "" : `event: ${event}\n`}${id === undefined ? "" : `id: ${id}\n`}data: ${data}\n\n`;
}

/**
 * A server-sent event stream (WHATWG HTML §9.2) of `events`, at the reader's pace, pinged while they are silent. `events`
 * is told by its signal when the client has gone or has stopped reading. `ended` is called once, before the last byte.
 */
export function sseStream(
  events: (signal: AbortSignal) => AsyncIterable<SseEvent>,
  clock: Clock,
  ended: () => void = () => undefined,
): ReadableStream<Uint8Array> {
  const writer = new SseWriter(clock, ended);
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        writer.open(controller);
        void writer.pump(events(writer.signal));
      },
      pull: () => writer.drained(),
      cancel: () => writer.close(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: BUFFER_BYTES }),
  );
}

class SseWriter {
  readonly #clock: Clock;
  readonly #ended: () => void;
  readonly #abort = new AbortController();
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #ping: Timer | null = null;
  #resume: (() => void) | null = null;

  constructor(clock: Clock, ended: () => void) {
    this.#clock = clock;
    this.#ended = ended;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#ping = this.#clock.every(PING_MS, () => {
      if (!this.#full()) this.#send(": ping\n\n");
    });
    this.#send(": connected\n\n"); // headers leave with the first byte
  }

  async pump(events: AsyncIterable<SseEvent>): Promise<void> {
    try {
      for await (const event of events) {
        this.#send(formatSse(event));
        if (this.#full()) await this.#drain();
        if (this.signal.aborted) break;
      }
    } catch {
      // The stream has begun, so no status can be sent any more: the client sees it end and comes back.
    }
    this.close();
  }

  drained(): void {
    this.#resume?.();
  }

  close(): void {
    if (this.signal.aborted) return;
    this.#abort.abort();
    this.#ping?.cancel();
    this.#resume?.();
    this.#ended();
    try {
      this.#controller?.close();
    } catch {
      // The client has cancelled the stream already.
    }
  }

  #send(text: string): void {
    if (!this.signal.aborted) this.#controller?.enqueue(encoder.encode(text));
  }

  #full(): boolean {
    return (this.#controller?.desiredSize ?? 0) <= 0;
  }

  /** Resolves when there is room again, or nobody who would take it. */
  #drain(): Promise<void> {
    if (this.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const stalled = this.#clock.after(STALLED_MS, () => this.close());
      this.#resume = () => {
        this.#resume = null;
        stalled.cancel();
        resolve();
      };
    });
  }
}
