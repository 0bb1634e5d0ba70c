import { type Clock, sleep, type Timer } from "../../lib/clock.ts";
import { below, type Random } from "../../lib/random.ts";
import type { Log } from "../../observe/log.ts";
import { AgentError } from "../agent.ts";
import { brokenOff, isTooLong, notAnAnswer, silent, unreachable } from "./failures.ts";
import { readStart, watched } from "./read-body.ts";
import { Refusal, retryAfterIn } from "./refusal.ts";
import { saidIn, shown } from "./said.ts";
import type { ModelServer } from "./server.ts";

export interface LineParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly fetch: typeof fetch;
}

/** Until the model says its first word; a server on this machine may have to load it first. */
const FIRST_WORD_MS = 120_000;
const FIRST_WORD_LOOPBACK_MS = 300_000;
/** Between two pieces of an answer that has begun. */
const NEXT_WORD_MS = 60_000;
/** An error's body may take this long; the status alone is good enough. */
const ERROR_BODY_MS = 5_000;
const MAX_ERROR_BODY = 64 * 1024;
/** Asked again, before it has said anything, when it has no room or failed. */
const RETRIES = 2;
const MAX_WAIT_S = 30;
const FIRST_BACKOFF_MS = 1_000;

/**
 * The way to the server for one turn: asks again where that may help, notices silence, and refuses what no model says.
 * What went wrong is kept in `failure`, because the SDK wraps it.
 */
export class ModelLine {
  /** For the SDK. */
  readonly fetch: typeof fetch;
  failure: Refusal | AgentError | null = null;
  readonly #server: ModelServer;
  readonly #parts: LineParts;
  #spoken = false;
  #timer: { readonly timer: Timer; readonly onSilence: (error: AgentError) => void } | null = null;

  constructor(server: ModelServer, parts: LineParts) {
    this.#server = server;
    this.#parts = parts;
    const ask = (input: string | URL | Request, init: RequestInit = {}) => this.#ask(input, init);
    this.fetch = Object.assign(ask, { preconnect: parts.fetch.preconnect });
  }

  /** The model has begun to answer: from now on it may pause for less long. */
  spoke(): void {
    if (this.#spoken) return;
    this.#spoken = true;
    if (this.#timer !== null) this.#listen(this.#timer.onSilence);
  }

  async #ask(input: string | URL | Request, init: RequestInit): Promise<Response> {
    const { clock, log } = this.#parts;
    this.#spoken = false;
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#once(input, init);
      if (answer instanceof Response) return answer;
      const waitMs = this.#waitBefore(attempt, answer);
      if (waitMs === null) throw this.#fail(answer);
      log.info("The model's server is asked again", { status: answer.status, said: answer.said, wait_ms: waitMs });
      await sleep(clock, waitMs, init.signal ?? undefined);
    }
  }

  /** Milliseconds until it is asked again; null when that is of no use. */
  #waitBefore(attempt: number, refusal: Refusal): number | null {
    const { passing, retryAfter } = refusal;
    if (this.#server.loopback || !passing || isTooLong(refusal) || attempt >= RETRIES) return null;
    if (retryAfter !== undefined) return retryAfter <= MAX_WAIT_S ? retryAfter * 1_000 : null;
    return FIRST_BACKOFF_MS * 3 ** attempt + below(this.#parts.random, 256);
  }

  async #once(input: string | URL | Request, init: RequestInit): Promise<Response | Refusal> {
    const stop = new AbortController();
    const leave = () => stop.abort(init.signal?.reason);
    if (init.signal?.aborted) leave();
    init.signal?.addEventListener("abort", leave, { once: true });
    this.#listen((error) => stop.abort(this.#fail(error)));
    let response: Response;
    try {
      // A redirect would carry the key to wherever it points. Bun's own limit of 300 s is off: ours is stated.
      const own = { redirect: "manual", signal: stop.signal, timeout: false } as const;
      response = await this.#parts.fetch(input, { ...init, headers: withoutEmptyKey(init.headers), ...own });
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason;
      throw this.#fail(unreachable(this.#server, error));
    } finally {
      this.#rest();
    }
    if (!response.ok) return this.#refusalOf(response, stop);
    const type = response.headers.get("content-type") ?? "";
    if (/\bhtml\b|\bjson\b/i.test(type)) throw this.#fail(await this.#noAnswer(response, stop, /html/i.test(type)));
    const over = () => init.signal?.removeEventListener("abort", leave);
    return new Response(this.#body(response, stop, over), { status: response.status, headers: response.headers });
  }

  #body(response: Response, stop: AbortController, over: () => void): ReadableStream<Uint8Array> {
    const server = this.#server;
    return watched(response.body, {
      clock: this.#parts.clock,
      stop,
      over,
      server,
      reading: () => this.#listen((error) => stop.abort(this.#fail(error))),
      read: () => this.#rest(),
      failed: (error) => {
        if (this.failure !== null) return this.failure;
        return this.#fail(error instanceof AgentError ? error : brokenOff(server, error));
      },
    });
  }

  async #refusalOf(response: Response, stop: AbortController): Promise<Refusal> {
    const { secrets } = this.#server;
    const retryAfter = retryAfterIn(response.headers, this.#parts.clock);
    const to = response.headers.get("location");
    const said = to === null ? saidIn(await this.#start(response, stop), secrets) : shown(to, secrets);
    stop.abort();
    return new Refusal(response.status, said, retryAfter);
  }

  /** 200, and a page or a JSON document: a portal, a proxy, or a server that cannot stream. */
  async #noAnswer(response: Response, stop: AbortController, page: boolean): Promise<AgentError> {
    const body = await this.#start(response, stop);
    stop.abort();
    return notAnAnswer(this.#server, saidIn(body, this.#server.secrets), page);
  }

  #start(response: Response, stop: AbortController): Promise<string> {
    const timer = this.#parts.clock.after(ERROR_BODY_MS, () => stop.abort());
    return readStart(response.body, MAX_ERROR_BODY).finally(() => timer.cancel());
  }

  #listen(onSilence: (error: AgentError) => void): void {
    this.#rest();
    const first = this.#server.loopback ? FIRST_WORD_LOOPBACK_MS : FIRST_WORD_MS;
    const ms = this.#spoken ? NEXT_WORD_MS : first;
    const timer = this.#parts.clock.after(ms, () => onSilence(silent(this.#server, ms, this.#spoken)));
    this.#timer = { timer, onSilence };
  }

  #rest(): void {
    this.#timer?.timer.cancel();
    this.#timer = null;
  }

  #fail<E extends Refusal | AgentError>(error: E): E {
    this.failure ??= error;
    return error;
  }
}

/** Anthropic's client insists on a key; a server that needs none is sent none. */
function withoutEmptyKey(given: RequestInit["headers"]): Headers {
  const headers = new Headers(given);
  if (headers.get("x-api-key") === "") headers.delete("x-api-key");
  return headers;
}
