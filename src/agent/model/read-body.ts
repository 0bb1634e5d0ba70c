import type { Clock } from "../../lib/clock.ts";
import { AgentError } from "../agent.ts";
import { AnswerLines } from "./answer-lines.ts";
import type { ModelServer } from "./server.ts";

const MB = 1024 * 1024;
/** A piece of an answer is some hundred bytes; the longest that make sense are whole tool calls. */
const MAX_LINE = 4 * MB;
const MAX_RESPONSE = 64 * MB;
/** An answer that is finished is waited with for what was counted, which comes right behind it or not at all. */
const COUNT_MS = 5_000;
/** The end of the response comes right behind that of the answer; then its connection is good for the next question. */
const CLOSE_MS = 250;

export interface Watcher {
  readonly clock: Clock;
  readonly stop: AbortController;
  readonly server: ModelServer;
  /** A piece is waited for, and: it came. */
  readonly reading: () => void;
  readonly read: () => void;
  /** The answer is whole: who leaves now need not break the connection. */
  readonly over: () => void;
  /** Makes the error that the reader sees. */
  readonly failed: (error: unknown) => Error;
}

/**
 * The lines of an answer as they come, neither endless nor of endless length. It ends where the answer does, whatever the
 * server does with the connection. Whoever leaves it closes the connection.
 */
export function watched(body: ReadableStream<Uint8Array> | null, watcher: Watcher): ReadableStream<Uint8Array> {
  const answer = new Answer(body ?? new Blob([]).stream(), watcher);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const lines = await answer.next();
        if (lines.length > 0) controller.enqueue(lines);
        if (answer.ended) controller.close();
      } catch (error) {
        const seen = watcher.failed(error);
        watcher.stop.abort(seen);
        controller.error(seen);
      }
    },
    cancel(reason) {
      watcher.read();
      watcher.stop.abort(reason);
    },
  });
}

interface Pieces {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
}

class Answer {
  ended = false;
  readonly #reader: Pieces;
  readonly #watcher: Watcher;
  readonly #lines: AnswerLines;
  #bytes = 0;
  #countMs = COUNT_MS;

  constructor(body: ReadableStream<Uint8Array>, watcher: Watcher) {
    this.#reader = body.getReader();
    this.#watcher = watcher;
    this.#lines = new AnswerLines(watcher.server.target.wire);
  }

  /** At least one line, or what is left when it has `ended`. */
  async next(): Promise<Uint8Array> {
    for (;;) {
      const piece = this.#lines.finished ? await this.#more() : await this.#piece();
      if (piece === null) {
        this.ended = true;
        return this.#lines.end();
      }
      const lines = this.#lines.take(piece);
      if (this.#lines.over) {
        this.ended = true;
        this.#release();
        return Buffer.concat([lines, this.#lines.end()]);
      }
      this.#measure(piece.length);
      if (lines.length > 0) return lines;
    }
  }

  async #piece(): Promise<Uint8Array | null> {
    const { reading, read } = this.#watcher;
    reading();
    try {
      const { value } = await this.#reader.read();
      return value ?? null;
    } finally {
      read();
    }
  }

  /** What comes after the end. Time that the answer's reader takes does not count, and a cut connection cuts nothing off. */
  async #more(): Promise<Uint8Array | null> {
    const { clock, stop } = this.#watcher;
    const from = clock.monotonic();
    let late = false;
    const timer = clock.after(this.#countMs, () => {
      late = true;
      stop.abort();
    });
    try {
      const { value } = await this.#reader.read();
      return value ?? null;
    } catch (error) {
      if (stop.signal.aborted && !late) throw error; // who asked has left
      return null;
    } finally {
      timer.cancel();
      this.#countMs = Math.max(0, this.#countMs - (clock.monotonic() - from));
    }
  }

  /** Lets the response end by itself in a moment; one that goes on is cut off, unread. */
  #release(): void {
    const { clock, stop, over } = this.#watcher;
    over();
    const timer = clock.after(CLOSE_MS, () => stop.abort());
    const more = this.#reader.read().then(
      ({ done }) => !done,
      () => false,
    );
    void more.then((goesOn) => {
      timer.cancel();
      if (goesOn) stop.abort();
    });
  }

  /** @throws AgentError when a line or the whole is longer than any answer */
  #measure(length: number): void {
    const { shown } = this.#watcher.server;
    this.#bytes += length;
    if (this.#lines.pending > MAX_LINE) throw tooLong(shown, `a line longer than ${MAX_LINE / MB} MB`);
    if (this.#bytes > MAX_RESPONSE) throw tooLong(shown, `more than ${MAX_RESPONSE / MB} MB`);
  }
}

/** The first `max` bytes of a body as text; what could be read of it when it breaks off. */
export async function readStart(body: ReadableStream<Uint8Array> | null, max: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body ?? []) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= max) break;
    }
  } catch {
    // The status says enough.
  }
  return Buffer.concat(chunks).subarray(0, max).toString("utf8");
}

function tooLong(shown: string, what: string): AgentError {
  return new AgentError(`The model at ${shown} was stopped: it sent ${what} in one answer.`);
}
