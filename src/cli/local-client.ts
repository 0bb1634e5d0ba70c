import { join } from "node:path";
import { STATE_FILES } from "../config/paths.ts";
import type { Clock } from "../lib/clock.ts";
import { isObject } from "../lib/json.ts";
import { CommandError } from "./exit-codes.ts";
import { unreachable } from "./unreachable.ts";

/** An answer that takes longer than this is not coming: what takes longer is streamed, or says so (`answerMs`). */
const ANSWER_MS = 30_000;

/** The running gateway refused a request. */
export class Refused extends CommandError {
  readonly status: number;
  /** A code of the problem catalogue; empty when the answer was no problem document. */
  readonly code: string;

  constructor(message: string, status: number, code: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface LocalRequest {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object;
  /** Completes "Cannot …" in error messages. */
  readonly doing: string;
  /** How long the answer may take. @default 30,000 */
  readonly answerMs?: number;
}

/**
 * The gateway that runs on a folder, through its Unix socket there: the public API, with the rights of the owner, because
 * only this user can open the socket.
 */
export class LocalClient {
  readonly #dir: string;
  readonly #clock: Clock;

  constructor(dir: string, clock: Clock) {
    this.#dir = dir;
    this.#clock = clock;
  }

  /** The JSON object of the answer; empty for 204. @throws CommandError, Refused */
  async ask(request: LocalRequest): Promise<Readonly<Record<string, unknown>>> {
    const abort = new AbortController();
    const answerMs = request.answerMs ?? ANSWER_MS;
    const late = new CommandError(
      `Cannot ${request.doing}: the gateway on ${this.#dir} did not answer within ${answerMs / 1_000} seconds.\n` +
        "See what it logs; if it hangs, restart it.",
    );
    const timer = this.#clock.after(answerMs, () => abort.abort(late));
    try {
      const response = await this.#fetch(request, "application/json", abort.signal);
      if (response.status === 204) return {};
      const value: unknown = await response.json().catch(() => null);
      if (isObject(value)) return value;
      throw new CommandError(`Cannot ${request.doing}: ${notOurs(response)}`);
    } catch (error) {
      throw abort.signal.aborted ? late : error;
    } finally {
      timer.cancel();
    }
  }

  /** An answer that arrives in server-sent events, for as long as that takes. @throws CommandError, Refused */
  async stream(
    request: LocalRequest,
    signal: AbortSignal,
  ): Promise<{ headers: Headers; body: ReadableStream<Uint8Array> }> {
    const response = await this.#fetch(request, "text/event-stream", signal);
    const type = response.headers.get("content-type") ?? "";
    if (response.body && type.startsWith("text/event-stream"))
      return { headers: response.headers, body: response.body };
    throw new CommandError(`Cannot ${request.doing}: ${notOurs(response)}`);
  }

  async #fetch(
    { method = "GET", path, body, doing }: LocalRequest,
    accept: string,
    signal: AbortSignal,
  ): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`http://localhost${path}`, {
        method,
        unix: join(this.#dir, STATE_FILES.socket),
        headers: { Accept: accept, ...(body ? { "Content-Type": "application/json" } : {}) },
        signal,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw await unreachable(this.#dir, doing, error);
    }
    if (response.ok) return response;
    throw await refused(response, doing);
  }
}

async function refused(response: Response, doing: string): Promise<Refused> {
  const problem: unknown = await response.json().catch(() => null);
  if (!isObject(problem) || typeof problem["detail"] !== "string") {
    return new Refused(`Cannot ${doing}: ${notOurs(response)}`, response.status, "");
  }
  const code = typeof problem["code"] === "string" ? problem["code"] : "";
  const detail = problem["detail"];
  return new Refused(detail.startsWith("Cannot ") ? detail : `Cannot ${doing}: ${detail}`, response.status, code);
}

function notOurs(response: Response): string {
  return (
    `the gateway answered ${response.status} in a way that this version of zeroclaw does not understand.\n` +
    "If it was updated since it started, restart it."
  );
}
