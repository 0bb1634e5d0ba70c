import { connect, type Socket } from "node:net";
import { Answer } from "./gateway-client.ts";

export interface RawRequest {
  /** @default "GET" */
  readonly method?: string;
  readonly path: string;
  /** Sent as they are; `Host` is `127.0.0.1:<port>` unless it is here, and left out when it is null. */
  readonly headers?: Readonly<Record<string, string | null>>;
  /** `Content-Length` is added, unless it or `Transfer-Encoding` is here. */
  readonly body?: string | Uint8Array;
  /** The address it comes from: any of 127.0.0.0/8 is a client of its own. */
  readonly from?: string;
}

/** One request on a connection of its own, byte by byte what was asked for: `fetch` would mend or refuse some of it. */
export async function rawRequest(port: number, request: RawRequest): Promise<Answer> {
  await using connection = await RawConnection.open(port, request.from);
  connection.send(requestBytes(port, request));
  return await connection.response(request.method === "HEAD"); // awaited here: the connection ends with this function
}

/** The bytes of a request. */
export function requestBytes(port: number, { method = "GET", path, headers = {}, body }: RawRequest): Buffer {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const all: Record<string, string | null> = {
    ...(names.has("host") ? {} : { Host: `127.0.0.1:${port}` }),
    ...headers,
  };
  const bytes = Buffer.from(body ?? "");
  const framed = names.has("content-length") || names.has("transfer-encoding");
  if (body !== undefined && !framed) all["Content-Length"] = String(bytes.length);
  const lines = Object.entries(all)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"), bytes]);
}

/** A chunk of a chunked body (RFC 9112 §7.1). */
export function chunk(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

/** A TCP connection that says what it is told to and reads what comes back. */
export class RawConnection implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #open = true;
  #received: Buffer = Buffer.alloc(0);
  #wake = Promise.withResolvers<void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, Buffer.from(bytes)]);
      this.#stir();
    });
    socket.on("error", () => undefined); // "close" follows
    this.#closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#open = false;
        this.#stir();
        resolve();
      });
    });
  }

  static open(port: number, from?: string, host = "127.0.0.1"): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, ...(from === undefined ? {} : { localAddress: from }) });
      const connection = new RawConnection(socket);
      socket.once("connect", () => resolve(connection));
      socket.once("error", reject);
    });
  }

  /** What was received and not taken by `response`. */
  get received(): string {
    return this.#received.toString("latin1");
  }

  get isOpen(): boolean {
    return this.#open;
  }

  send(bytes: string | Uint8Array): void {
    if (this.#open) this.#socket.write(bytes);
  }

  /** Stops reading, so that what the other side sends piles up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Resolves when the other side has closed. */
  closed(): Promise<void> {
    return this.#closed;
  }

  /**
   * Takes the next response; one to HEAD has no body, whatever its headers say.
   * @throws Error with what came when the connection ends before it is whole
   */
  async response(toHead = false): Promise<Answer> {
    for (;;) {
      const taken = takeResponse(this.#received, this.#open, toHead);
      if (taken) {
        this.#received = taken.rest;
        return taken.taken;
      }
      if (!this.#open)
        throw new Error(`The connection ended without a whole response: ${JSON.stringify(this.received)}`);
      await this.#wake.promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#closed;
  }

  #stir(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}

interface Taken<T> {
  readonly taken: T;
  readonly rest: Buffer;
}

function takeResponse(bytes: Buffer, open: boolean, toHead: boolean): Taken<Answer> | null {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const [statusLine = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Headers(lines.map((line) => splitOnce(line)));
  const status = Number(statusLine.split(" ")[1]);
  const rest = bytes.subarray(end + 4);
  if (status === 100) return takeResponse(rest, open, toHead);
  const bodiless = toHead || status === 101 || status === 204 || status === 304;
  const framed = bodiless ? { taken: Buffer.alloc(0), rest } : takeBody(rest, headers, open);
  if (!framed) return null;
  return { taken: new Answer(status, headers, framed.taken), rest: framed.rest };
}

function takeBody(bytes: Buffer, headers: Headers, open: boolean): Taken<Buffer> | null {
  if (headers.get("transfer-encoding") === "chunked") return takeChunks(bytes);
  const length = headers.get("content-length");
  if (length === null) return open ? null : { taken: bytes, rest: Buffer.alloc(0) };
  const size = Number(length);
  return bytes.length < size ? null : { taken: bytes.subarray(0, size), rest: bytes.subarray(size) };
}

function takeChunks(bytes: Buffer): Taken<Buffer> | null {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return null;
    if (size === 0) return { taken: Buffer.concat(parts), rest: bytes.subarray(next) };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}

function splitOnce(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
