import type { Clock } from "../lib/clock.ts";
import { type Destination, findDestination, type Resolve } from "./destination.ts";

export interface OutgoingRequest {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface FetchOptions {
  /** Whether the host may be on this machine or on a network of one's own. */
  readonly allowPrivate: boolean;
  /** For all of it: name, connection, request, answer. */
  readonly timeoutMs: number;
  /** How much of the answer's body is read. @default 65536 */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly ok: true;
  readonly status: number;
  readonly headers: Headers;
  /** As far as it was read: `maxBytes` at most, less when the connection was lost. */
  readonly body: string;
}

export interface FetchFailure {
  readonly ok: false;
  /** `not_sent`: the other side has not got the whole request, so it did nothing. `unknown`: it may have got it. */
  readonly reached: "not_sent" | "unknown";
  /** The URL itself is wrong: trying again changes nothing. */
  readonly permanent: boolean;
  /** What happened, with the host's name but without the URL, which may hold a secret. */
  readonly detail: string;
}

/** A request to a place that others may have chosen. Never rejects. */
export type GuardedFetch = (
  url: string,
  request: OutgoingRequest,
  options: FetchOptions,
) => Promise<Answer | FetchFailure>;

export interface GuardedFetchParts {
  readonly resolve: Resolve;
  readonly connect: (url: string, init: BunFetchRequestInit) => Promise<Response>;
  readonly clock: Clock;
}

const MAX_BODY_BYTES = 65_536;

/** The system's resolver, the same that every other program of this machine asks. */
const systemResolve: Resolve = async (name) =>
  (await Bun.dns.lookup(name, { backend: "system" })).map(({ address }) => address);

/** A guarded fetch over this machine's resolver and network. */
export function systemGuardedFetch(clock: Clock): GuardedFetch {
  return guardedFetch({ resolve: systemResolve, connect: (url, init) => fetch(url, init), clock });
}

/**
 * A fetch that cannot be led astray: the name is resolved once, every address of it is checked, and the connection goes to
 * a checked address with the name in `Host` and in the TLS handshake, so that a second look-up cannot answer differently.
 * Redirects are not followed. Proxies of the environment are not used: they would do a look-up of their own.
 */
export function guardedFetch(parts: GuardedFetchParts): GuardedFetch {
  return async (url, request, options) => {
    const abort = new AbortController();
    const timer = parts.clock.after(options.timeoutMs, () => abort.abort(`no answer within ${options.timeoutMs} ms`));
    const stop = () => abort.abort("it was stopped");
    options.signal?.addEventListener("abort", stop, { once: true });
    if (options.signal?.aborted) stop();
    try {
      return await send(parts, url, request, options, abort.signal);
    } finally {
      timer.cancel();
      options.signal?.removeEventListener("abort", stop);
      abort.abort("it is over"); // closes the connection of an answer that was not read to its end
    }
  };
}

async function send(
  { resolve, connect }: GuardedFetchParts,
  url: string,
  request: OutgoingRequest,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<Answer | FetchFailure> {
  const to = await orAborted(findDestination(url, options.allowPrivate, resolve), signal);
  if (to === null) return failure("not_sent", `Looking up the host's name: ${signal.reason}`);
  if ("permanent" in to) return { ...failure("not_sent", to.detail), permanent: to.permanent };
  let last = failure("not_sent", `"${to.host}" has no address`);
  for (const address of to.urls) {
    const body = request.body && new TrackedBody(request.body);
    try {
      const response = await connect(address, initOf(to, request, body, signal));
      const text = await readText(response, options.maxBytes ?? MAX_BODY_BYTES);
      return { ok: true, status: response.status, headers: response.headers, body: text };
    } catch (error) {
      const detail = `"${to.host}": ${signal.aborted ? signal.reason : reasonOf(error)}`;
      last = failure(body && !body.taken ? "not_sent" : "unknown", detail);
      // What was never handed over can go to the next address; so can a request that changes nothing.
      if (signal.aborted || (body?.taken ?? false)) return last;
    }
  }
  return last;
}

function initOf(to: Destination, request: OutgoingRequest, body: TrackedBody | undefined, signal: AbortSignal) {
  return {
    method: request.method,
    headers: { ...request.headers, host: to.host, ...(body && { "content-length": String(body.size) }) },
    ...(body && { body: body.stream }),
    ...(to.serverName !== null && { tls: { serverName: to.serverName } }),
    redirect: "manual",
    proxy: false,
    keepalive: false, // a connection of its own: one that is reused may be closed by the other side just then
    signal,
  } satisfies BunFetchRequestInit;
}

/** A body that knows whether it was asked for, which happens only after the connection and its TLS handshake are made. */
class TrackedBody {
  readonly size: number;
  readonly stream: ReadableStream<Uint8Array>;
  #taken = false;

  constructor(bytes: Uint8Array) {
    this.size = bytes.length;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      this.#taken = true;
      controller.enqueue(bytes);
      controller.close();
    };
    this.stream = new ReadableStream({ pull }, { highWaterMark: 0 });
  }

  get taken(): boolean {
    return this.#taken;
  }
}

/** The body's beginning. A connection lost on the way costs the rest of it, not what the status said. */
async function readText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let room = maxBytes;
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk.subarray(0, room), { stream: true });
      room -= chunk.length;
      if (room <= 0) break;
    }
  } catch {
    // The status is known, and that is what counts.
  }
  return text + decoder.decode();
}

/** Null when `signal` aborts first: a look-up cannot be cancelled, so it is left behind. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  if (signal.aborted) return null;
  const { promise, resolve } = Promise.withResolvers<null>();
  signal.addEventListener("abort", () => resolve(null), { once: true });
  return await Promise.race([work, promise]);
}

function failure(reached: FetchFailure["reached"], detail: string): FetchFailure {
  return { ok: false, reached, permanent: false, detail };
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was lost",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ETIMEDOUT: "the connection timed out",
  EPROTO: "the TLS handshake failed",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another name",
  CERT_HAS_EXPIRED: "the certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate is signed by an unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate is signed by an unknown authority",
};

/** Never the error's message: it holds the URL. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  return REASONS[code] ?? (code === "" ? "the request failed" : `the request failed (${code})`);
}
