import { untilAborted } from "../../lib/abort.ts";
import type { Clock } from "../../lib/clock.ts";
import { decodeUtf8 } from "../../lib/json.ts";

export interface AskParts {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
}

export interface AskOptions {
  /** For all of it: connection, request, answer. */
  readonly timeoutMs: number;
  /** An answer that is longer counts as none. */
  readonly maxBytes: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Straight to this machine: no proxy of the environment, nothing unpacked. @default false */
  readonly direct?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type Answered =
  | {
      readonly reached: true;
      readonly status: number;
      /** What the body says; undefined when it is no JSON, too long, or cut off. */
      readonly json: unknown;
    }
  | {
      readonly reached: false;
      /** Completes "it cannot be reached: …"; never the URL, which may hold a secret. */
      readonly why: string;
    };

/** GETs JSON from a server that may be any other. Redirects are not followed: they would take a key along. Never rejects. */
export async function askJson(parts: AskParts, url: string, options: AskOptions): Promise<Answered> {
  const abort = new AbortController();
  const late = `no answer within ${options.timeoutMs} ms`;
  const timer = parts.clock.after(options.timeoutMs, () => abort.abort(late));
  const stop = () => abort.abort("it was stopped");
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted) stop();
  try {
    return await untilAborted(ask(parts, url, options, abort.signal), abort.signal);
  } catch (error) {
    return { reached: false, why: abort.signal.aborted ? String(abort.signal.reason) : reasonOf(error) };
  } finally {
    timer.cancel();
    options.signal?.removeEventListener("abort", stop);
    abort.abort("it is over"); // closes the connection of an answer that was not read to its end
  }
}

async function ask({ fetch }: AskParts, url: string, options: AskOptions, signal: AbortSignal): Promise<Answered> {
  const { direct = false } = options;
  const init: BunFetchRequestInit = {
    headers: { Accept: "application/json", ...(direct && { "Accept-Encoding": "identity" }), ...options.headers },
    redirect: "manual",
    keepalive: false,
    ...(direct && { proxy: false, decompress: false }),
    signal,
  };
  const response = await fetch(url, init);
  return { reached: true, status: response.status, json: parsed(await readBytes(response, options.maxBytes)) };
}

/** Null when there are more than `max`, however many were announced. */
async function readBytes(response: Response, max: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > max) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parsed(bytes: Uint8Array | null): unknown {
  const text = bytes === null ? null : decodeUtf8(bytes);
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was lost",
  ENOTFOUND: "its name cannot be found",
  EHOSTUNREACH: "the host cannot be reached",
  ENETUNREACH: "the network cannot be reached",
  ETIMEDOUT: "the connection timed out",
};

/** Never the error's message: it may hold the URL. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  return REASONS[code] ?? (code === "" ? "the request failed" : `the request failed (${code})`);
}
