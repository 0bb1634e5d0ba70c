import { writeSync } from "node:fs";

/** Bytes taken; `full` when a non-blocking reader has no room now; `gone` when nobody reads any more. */
export type Written = number | "full" | "gone";

/**
 * One write to a file descriptor. Not `process.stdout`: merely touching that costs 7 ms of every start, and what it
 * still holds is lost when the process ends.
 * @throws what the system says when it is neither full nor gone (`ENOSPC`, `EBADF`).
 */
export function writeOnce(fd: number, bytes: Uint8Array): Written {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    switch (codeOf(error)) {
      case "EAGAIN":
      case "EINTR":
        return "full";
      case "EPIPE":
      case "EIO": // the terminal was closed
        return "gone";
      default:
        throw error;
    }
  }
}

/** Writes it all, waiting for the reader as a blocking write does. False when the reader has gone. */
export function writeAll(fd: number, text: string): boolean {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) {
    const written = writeOnce(fd, rest);
    if (written === "gone") return false;
    if (written === "full") Bun.sleepSync(1);
    else rest = rest.subarray(written);
  }
  return true;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
