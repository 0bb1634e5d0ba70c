import { decodeUtf8 } from "../lib/json.ts";
import { Problem } from "../protocol/problem.ts";
import type { Deadlines } from "./deadlines.ts";

/** Bytes of unfinished bodies held at once; shared by all requests (`limits/byte-budget.ts`). */
export interface Budget {
  /** False when that many more do not fit. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export interface BodyLimits {
  readonly maxBytes: number;
  readonly deadlines: Deadlines;
  readonly budget: Budget;
}

/**
 * Reads a body of at most `maxBytes`, declared or chunked, within the deadline.
 * @throws Problem too_large, request_timeout, overloaded, bad_request (the client left in the middle)
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const length = announced(request, limits.maxBytes);
  // `request.body` makes a stream, which costs as much as reading a small body: only a chunked one needs it.
  if (length === null) return request.body ? readChunks(request.body, limits) : new Uint8Array(0);
  if (length === 0) return new Uint8Array(0);
  if (!limits.budget.take(length)) throw overloaded();
  try {
    // A body of known, allowed size may be gathered by Bun itself: that is its quickest way.
    return await inTime(request.bytes(), limits.deadlines);
  } finally {
    limits.budget.give(length);
  }
}

/** The Content-Length; null when there is none. @throws Problem bad_request, too_large */
export function announced(request: Request, maxBytes: number): number | null {
  const declared = request.headers.get("content-length");
  if (declared === null) return null;
  const length = Number(declared);
  if (declared === "" || !Number.isSafeInteger(length) || length < 0) throw badLength(declared);
  if (length > maxBytes) throw tooLarge(maxBytes, `${length} bytes were announced`);
  return length;
}

/** Bytes as text. @throws Problem bad_text */
export function textOf(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === null) throw new Problem("bad_text", { detail: "The body is not valid UTF-8. Send text as UTF-8." });
  return text;
}

/** Bytes as a JSON value. @throws Problem bad_text, bad_json */
export function jsonOf(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    const found = text.trim() === "" ? "it is empty" : String(error instanceof Error ? error.message : error);
    throw new Problem("bad_json", { detail: `Cannot read the body as JSON: ${found}.` });
  }
}

/** Counted while it streams: a chunked body says nothing about its size, and must never be held beyond the limit. */
async function readChunks(
  body: ReadableStream<Uint8Array>,
  { maxBytes, deadlines, budget }: BodyLimits,
): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let over = false;
  const read = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || over) return; // over: a chunk that came after the deadline is nobody's, and its bytes were never taken
      if (!budget.take(value.length)) throw overloaded();
      size += value.length;
      if (size > maxBytes) throw tooLarge(maxBytes, "more came");
      chunks.push(value);
    }
  };
  try {
    await inTime(read(), deadlines);
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  } catch (error) {
    reader.cancel().catch(() => undefined); // the connection may be gone already
    throw error;
  } finally {
    over = true;
    budget.give(size);
  }
}

/** Settles as `work` does, unless the request's deadline comes first. @throws Problem request_timeout, bad_request, too_large */
export function inTime<T>(work: Promise<T>, deadlines: Deadlines): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () => reject(late());
    deadlines.add(expire);
    work.then(
      (value) => {
        deadlines.remove(expire);
        resolve(value);
      },
      (error) => {
        deadlines.remove(expire);
        reject(error instanceof Problem ? error : readFailure(error));
      },
    );
  });
}

function readFailure(error: unknown): Problem {
  // Bun's own backstop (`maxRequestBodySize`) has answered already; the code is for the log.
  if (String(error).includes("maxRequestBodySize")) return new Problem("too_large", { cause: error });
  return new Problem("bad_request", { detail: "The connection ended in the middle of the body.", cause: error });
}

/** Bun takes the same Content-Length twice, and then shows it as `3, 3`. RFC 9110 §8.6 lets a server refuse that. */
function badLength(found: string): Problem {
  return new Problem("bad_request", {
    detail: `The Content-Length is "${found.slice(0, 40)}", which is no number of bytes. Send one, once.`,
    headers: { Connection: "close" },
  });
}

export function tooLarge(maxBytes: number, found: string): Problem {
  return new Problem("too_large", {
    detail: `The body is larger than the ${maxBytes} bytes this address takes (${found}).`,
    headers: { Connection: "close" },
  });
}

function late(): Problem {
  return new Problem("request_timeout", {
    detail: "The request did not arrive whole in 30 seconds. Send it again on a faster connection.",
    headers: { Connection: "close" },
  });
}

export function overloaded(): Problem {
  return new Problem("overloaded", {
    detail: "The gateway holds as many unfinished bodies as it may. Try again in a moment.",
    retryAfter: 1,
    headers: { Connection: "close" },
  });
}
