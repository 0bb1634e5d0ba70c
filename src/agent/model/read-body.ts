import { AgentError } from "../agent.ts";
import type { ModelServer } from "./server.ts";

const MB = 1024 * 1024;
/** A piece of an answer is some hundred bytes; the longest that make sense are whole tool calls. */
const MAX_LINE = 4 * MB;
const MAX_RESPONSE = 64 * MB;
const LINE_FEED = 10;

export interface Watcher {
  readonly stop: AbortController;
  readonly server: ModelServer;
  /** A piece is waited for, and: it came. */
  readonly reading: () => void;
  readonly read: () => void;
  /** Makes the error that the reader sees. */
  readonly failed: (error: unknown) => Error;
}

/** The body as it comes, neither endless nor of endless lines. Whoever leaves it closes the connection. */
export function watched(body: ReadableStream<Uint8Array> | null, watcher: Watcher): ReadableStream<Uint8Array> {
  const reader = (body ?? new Blob([]).stream()).getReader();
  const count = meter(watcher.server);
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      watcher.reading();
      try {
        const { done, value } = await reader.read();
        watcher.read();
        if (done) return controller.close();
        count(value);
        controller.enqueue(value);
      } catch (error) {
        watcher.read();
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

/** @throws AgentError when a line or the whole is longer than any answer */
function meter({ shown }: ModelServer): (bytes: Uint8Array) => void {
  let line = 0;
  let all = 0;
  return (bytes) => {
    all += bytes.length;
    const end = bytes.lastIndexOf(LINE_FEED);
    line = end < 0 ? line + bytes.length : bytes.length - end - 1;
    if (line > MAX_LINE) throw tooLong(shown, `a line longer than ${MAX_LINE / MB} MB`);
    if (all > MAX_RESPONSE) throw tooLong(shown, `more than ${MAX_RESPONSE / MB} MB`);
  };
}

function tooLong(shown: string, what: string): AgentError {
  return new AgentError(`The model at ${shown} was stopped: it sent ${what} in one answer.`);
}
