import type { GatewayProcess } from "./gateway-process.ts";
import { type Frame, GatewaySocket } from "./gateway-socket.ts";

/** The configuration of a gateway whose agent is a model of `test/fakes/model-server.ts`. */
export function modelConfig(url: string): string {
  return `[agent]\nkind = "model"\nbase_url = "${url}"\nmodel = "test-model"\n`;
}

/** Starts it again at the same address, as a service manager does after a crash: its clients know no other. */
export function restarted(gateway: GatewayProcess): Promise<GatewayProcess> {
  return gateway.again({ args: ["-p", String(gateway.port)] });
}

/** A client that has been cut off: opens a socket, and wants what the session said after `after`. */
export async function resumed(url: string, token: string, session_id: string, after: number): Promise<GatewaySocket> {
  const socket = await GatewaySocket.authenticated(url, token);
  socket.send({ type: "resume", session_id, after });
  return socket;
}

/** What a client makes of the frames of one run, by the rules of the contract: a higher attempt discards the text before it. */
export class Transcript {
  readonly frames: Frame[] = [];
  text = "";
  attempt = 0;

  add(...frames: readonly Frame[]): void {
    for (const frame of frames) {
      this.frames.push(frame);
      if (frame["type"] !== "delta") continue;
      const attempt = Number(frame["attempt"]);
      if (attempt > this.attempt) this.text = "";
      this.attempt = Math.max(this.attempt, attempt);
      this.text += String(frame["content"]);
    }
  }

  /** The number of the last frame, which is where a client goes on. */
  get last(): number {
    return Math.max(0, ...this.seqs);
  }

  get seqs(): readonly number[] {
    return this.frames.flatMap(({ seq }) => (typeof seq === "number" ? [seq] : []));
  }

  get run_id(): string {
    return String(this.frames.find(({ run_id }) => run_id !== undefined)?.["run_id"]);
  }

  get terminals(): readonly Frame[] {
    return this.frames.filter(({ type }) => type === "response" || type === "error");
  }
}

/** Server-sent events of one answer, read one by one. `id` and `data` have to agree. */
export class SseReader implements AsyncDisposable {
  readonly status: number;
  readonly #chunks: AsyncIterator<Uint8Array> | null;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(response: Response) {
    this.status = response.status;
    this.#chunks = response.body?.[Symbol.asyncIterator]() ?? null;
  }

  /** The next event's frame; null at the end of the stream. @throws Error when the connection breaks */
  async next(): Promise<Frame | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const frame = frameOf(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 2);
        if (frame !== null) return frame;
        continue;
      }
      const read = await this.#chunks?.next();
      if (read === undefined || read.done) return null;
      this.#text += this.#decoder.decode(read.value, { stream: true });
    }
  }

  /** Everything up to the end of the stream. */
  async rest(): Promise<readonly Frame[]> {
    const frames: Frame[] = [];
    for (let frame = await this.next(); frame !== null; frame = await this.next()) frames.push(frame);
    return frames;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks?.return?.().catch(() => undefined); // the connection has broken already
  }
}

/** Null for a comment. */
function frameOf(event: string): Frame | null {
  const fields = new Map<string, string>();
  for (const line of event.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const data = fields.get("data");
  if (data === undefined) return null;
  const frame: Frame = JSON.parse(data);
  const [type, seq] = [fields.get("event"), fields.get("id")];
  if (type !== frame["type"] || (seq !== undefined && seq !== String(frame["seq"]))) {
    throw new Error(`The event "${type}" ${seq} carries another frame: ${data}`);
  }
  return frame;
}
