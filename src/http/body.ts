import { decodeUtf8 } from "../lib/json.ts";
import { Problem } from "../protocol/problem.ts";
import { announced, inTime } from "./arrival.ts";
import { type BodyLimits, holdBody, SMALL } from "./held-body.ts";

/**
 * Reads a body of at most `maxBytes`, declared or chunked, within the deadline.
 * @throws Problem too_large, request_timeout, overloaded, bad_request (the client left in the middle)
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const length = announced(request, limits.maxBytes);
  if (length === 0) return new Uint8Array(0);
  const { announced: budget } = limits.budgets;
  if (length !== null && length <= SMALL && budget.take(length)) {
    try {
      // A body of known, allowed size may be gathered by Bun itself: that is its quickest way.
      return await inTime(request.bytes(), limits.deadlines);
    } finally {
      budget.give(length);
    }
  }
  const { bytes, release } = await holdBody(request, limits, () => undefined);
  release();
  return bytes;
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
