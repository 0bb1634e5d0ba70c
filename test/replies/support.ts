import { setImmediate } from "node:timers/promises";
import { Log } from "../../src/observe/log.ts";
import type { ReplyState, StoredReply } from "../../src/protocol/reply.ts";
import { type GuardedFetch, guardedFetch } from "../../src/replies/guarded-fetch.ts";
import { type ReplyOutcome, type ReplyStore, StoreUnavailable } from "../../src/store/store.ts";
import type { ManualClock } from "../support/clock.ts";

export const NOW = Date.parse("2026-11-22T12:00:00.000Z");

/** A reply as the store hands it out: attempt 1 of an answer to a WhatsApp message, unless told otherwise. */
export function replyOf(change: Partial<StoredReply> = {}): StoredReply {
  return {
    reply_id: "01948f6e-0000-7000-8000-00000000000a",
    event_id: "01948f6e-0000-7000-8000-00000000000b",
    run_id: "01948f6e-0000-7000-8000-00000000000c",
    source: "whatsapp",
    session_id: "whatsapp:15550001",
    target: { kind: "whatsapp", phone_number_id: "106540352242922", to: "15550001", message_id: "wamid.asked" },
    content: "Hello.",
    model: "scripted-1",
    state: "sending",
    attempts: 1,
    parts_sent: 0,
    detail: null,
    created_at: NOW,
    updated_at: NOW,
    ...change,
  };
}

/** A reply that becomes a comment. */
export function commentReply(change: Partial<StoredReply> = {}): StoredReply {
  return replyOf({
    source: "github",
    session_id: "github:octo:hello:7",
    target: { kind: "github", repository: "octo/hello", number: 7 },
    ...change,
  });
}

/** A reply that is posted to a `reply_url`. */
export function callbackReply(change: Partial<StoredReply> = {}): StoredReply {
  return replyOf({ source: "shop", session_id: "shop", target: { kind: "callback" }, ...change });
}

interface Row {
  reply: StoredReply;
  next_at: number;
}

/** Replies in memory: it outlives the workers of a test as a disk would. */
export class MemoryReplyStore implements ReplyStore {
  readonly rows = new Map<string, Row>();
  /** Every state and detail a reply was settled with. */
  readonly outcomes: (ReplyOutcome & { readonly reply_id: string; readonly attempt: number })[] = [];
  /** How often the next calls of a method fail as on a full disk. */
  readonly failing = new Map<keyof ReplyStore, number>();

  add(...replies: readonly StoredReply[]): void {
    for (const reply of replies) this.rows.set(reply.reply_id, { reply, next_at: 0 });
  }

  async claim(limit: number, now: number, source: string): Promise<readonly StoredReply[]> {
    this.#refuse("claim");
    const busy = new Set([...this.rows.values()].filter(isSending).map(({ reply }) => reply.session_id));
    const claimed: StoredReply[] = [];
    for (const row of this.rows.values()) {
      const { state, session_id, attempts } = row.reply;
      if (row.reply.source !== source) continue;
      if ((state !== "pending" && state !== "retrying") || row.next_at > now || busy.has(session_id)) continue;
      if (claimed.length === limit) break;
      busy.add(session_id);
      row.reply = { ...row.reply, state: "sending", attempts: attempts + 1 };
      claimed.push(row.reply);
    }
    return claimed;
  }

  async partSent(reply_id: string, attempt: number): Promise<void> {
    this.#refuse("partSent");
    const row = this.rows.get(reply_id);
    if (row && row.reply.attempts === attempt) row.reply = { ...row.reply, parts_sent: row.reply.parts_sent + 1 };
  }

  async settle(reply_id: string, attempt: number, outcome: ReplyOutcome): Promise<boolean> {
    this.#refuse("settle");
    const row = this.rows.get(reply_id);
    if (row?.reply.state !== "sending" || row.reply.attempts !== attempt) return false;
    const { state, detail, at } = outcome;
    row.reply = { ...row.reply, state, detail, updated_at: at };
    row.next_at = outcome.next_at ?? 0;
    this.outcomes.push({ ...outcome, reply_id, attempt });
    return true;
  }

  async interrupted(source: string): Promise<readonly StoredReply[]> {
    this.#refuse("interrupted");
    const sending = [...this.rows.values()].filter(isSending).map(({ reply }) => reply);
    return sending.filter((reply) => reply.source === source);
  }

  async sources(): Promise<readonly string[]> {
    const unsettled = [...this.rows.values()].filter(({ reply }) =>
      ["pending", "retrying", "sending"].includes(reply.state),
    );
    return [...new Set(unsettled.map(({ reply }) => reply.source))];
  }

  async rebase(): Promise<number> {
    return 0;
  }

  async ofEvent(event_id: string): Promise<readonly StoredReply[]> {
    return [...this.rows.values()].map(({ reply }) => reply).filter((reply) => reply.event_id === event_id);
  }

  async counts(): Promise<Readonly<Record<ReplyState, number>>> {
    const counts = { pending: 0, sending: 0, retrying: 0, sent: 0, uncertain: 0, dead: 0 };
    for (const { reply } of this.rows.values()) counts[reply.state] += 1;
    return counts;
  }

  get(reply_id: string): StoredReply {
    const row = this.rows.get(reply_id);
    if (!row) throw new Error(`There is no reply "${reply_id}"`);
    return row.reply;
  }

  #refuse(method: keyof ReplyStore): void {
    const times = this.failing.get(method) ?? 0;
    if (times === 0) return;
    this.failing.set(method, times - 1);
    throw new StoreUnavailable(`Cannot write: the disk is full (${method})`);
  }
}

function isSending({ reply }: Row): boolean {
  return reply.state === "sending";
}

/** A request as a fake API got it. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: string;
}

export type Serve = (call: Call, index: number) => Response | Promise<Response>;

/** A provider on this machine that answers as a test says and keeps what it was asked. */
export class FakeApi implements AsyncDisposable {
  readonly calls: Call[] = [];
  readonly url: string;
  readonly #server: Bun.Server<undefined>;

  constructor(serve: Serve, tls?: { readonly cert: string; readonly key: string }) {
    this.#server = Bun.serve({
      port: 0,
      ...(tls && { tls }),
      hostname: "127.0.0.1",
      fetch: async (request) => {
        const { pathname, searchParams } = new URL(request.url);
        const { method, headers } = request;
        const call = { method, path: pathname, query: searchParams, headers, body: await request.text() };
        this.calls.push(call);
        return await serve(call, this.calls.length - 1);
      },
    });
    this.url = `${tls ? "https" : "http"}://127.0.0.1:${this.#server.port}`;
  }

  /** The bodies of what was posted, read as JSON. */
  get posted(): readonly unknown[] {
    return this.calls.filter(({ method }) => method === "POST").map(({ body }) => JSON.parse(body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** The real fetch behind the guard, on a clock that a test moves. */
export function openFetch(clock: ManualClock): GuardedFetch {
  return guardedFetch({
    resolve: async (name) => {
      throw new Error(`"${name}" is not known`);
    },
    connect: (url, init) => fetch(url, init),
    clock,
  });
}

/** A port on which nobody listens. */
export function closedPort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

/** A server that does with every connection what it is told, once it has something to read. */
export function rawServer(onData: (socket: Bun.Socket<undefined>, data: Buffer) => void) {
  const server = Bun.listen<undefined>({ hostname: "127.0.0.1", port: 0, socket: { data: onData } });
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    [Symbol.dispose]: () => server.stop(true),
  };
}

export function openLog(clock: ManualClock): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  return { log: new Log({ clock, write: (line) => lines.push(line), format: "json", level: "info" }), lines };
}

/** Turns of the event loop until `happened`; a test that waits in vain fails by its own time limit. */
export async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await setImmediate();
}
