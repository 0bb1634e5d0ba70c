import { Problem } from "../protocol/problem.ts";
import type { Deadlines } from "./deadlines.ts";

/** The Content-Length; null when there is none. @throws Problem bad_request, too_large */
export function announced(request: Request, maxBytes: number): number | null {
  const declared = request.headers.get("content-length");
  if (declared === null) return null;
  const length = Number(declared);
  if (declared === "" || !Number.isSafeInteger(length) || length < 0) throw badLength(declared);
  if (length > maxBytes) throw tooLarge(maxBytes, `${length} bytes were announced`);
  return length;
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

export function late(): Problem {
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
