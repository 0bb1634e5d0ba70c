import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Context, Handler } from "../../src/api/context.ts";
import { newId } from "../../src/lib/ids.ts";
import { Feed } from "../../src/observe/feed.ts";
import { Log } from "../../src/observe/log.ts";
import type { Principal } from "../../src/protocol/principal.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { NewEvent, Store } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";

export const LAPTOP: Principal = { device_id: "d1", name: "Laptop", scope: "owner", local: false };

export interface Question {
  /** What follows the `?`. */
  readonly query?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly body?: object | string;
  /** @default the laptop */
  readonly principal?: Principal;
}

/** One handler's parts, with a real store; what it tells others is written down. */
export class Desk implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly feed: Feed;
  readonly log: Log;
  readonly lines: string[] = [];
  readonly #dir: string;
  readonly stopping = new AbortController();
  /** How often the inbox was told that there is work. */
  told = 0;
  /** How often refusals were written before they were read. */
  flushed = 0;
  /** The last `context.hold`. */
  held: number | null = null;

  private constructor(dir: string, store: Store, clock: ManualClock) {
    this.#dir = dir;
    this.store = store;
    this.clock = clock;
    this.feed = new Feed(clock);
    this.log = new Log({ clock, write: (text) => void this.lines.push(text), format: "json", level: "info" });
  }

  static async open(): Promise<Desk> {
    const dir = await mkdtemp(join(tmpdir(), "zeroclaw-desk-"));
    const clock = new ManualClock();
    const log = new Log({ clock, write: () => undefined, format: "json", level: "error" });
    return new Desk(dir, await openSqliteStore({ path: join(dir, "state.db"), clock, log }), clock);
  }

  get parts() {
    const { store, clock, log, feed } = this;
    return {
      ...{ store, clock, log, feed },
      closing: this.stopping.signal,
      inbox: {
        accepted: () => {
          this.told += 1;
        },
        answerOf: () => Promise.resolve(null),
      },
      refusals: {
        flush: async () => {
          this.flushed += 1;
        },
      },
    };
  }

  /** What the handler answers. @throws Problem */
  async ask(handler: Handler, question: Question = {}) {
    const { query = "", params = {}, body, principal = LAPTOP } = question;
    const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
    const asked = {
      request: new Request("http://127.0.0.1/"),
      request_id: newId(this.clock.now()),
      path: "/",
      params,
      client: "local",
      principal,
      queryText: query,
      query: (name: string) => new URLSearchParams(query).get(name),
      body: () => Promise.resolve(new TextEncoder().encode(text)),
      hold: (seconds: number) => {
        this.held = seconds;
      },
      letGo: () => undefined,
    };
    const answer = await handler(asked as unknown as Context); // all of it that these handlers use
    return { ...answer, json: typeof answer.body === "string" ? JSON.parse(answer.body) : null };
  }

  /** Stores events as their senders would, `ageMs` ago; each of a conversation of its own. */
  async accept(count: number, more: Partial<NewEvent> = {}, ageMs = 0): Promise<string[]> {
    const ids: string[] = [];
    const received_at = this.clock.now() - ageMs;
    for (let i = 0; i < count; i += 1) {
      const event_id = newId(received_at);
      ids.push(event_id);
      const headers = { "content-type": "text/plain" };
      const body = new TextEncoder().encode(`event ${i}`);
      await this.store.events.accept({
        ...{ event_id, source: "shop", type: "order", delivery_id: null, session_id: `shop:${event_id}` },
        ...{ device_id: null, received_at, content_type: "text/plain", headers, body },
        ...more,
      });
    }
    return ids;
  }

  /** Works off all that is due: each attempt ends so, at the time it came if `then` says no other. */
  async workOff(outcome: "dead" | "done" | "retrying", at = this.clock.now()): Promise<void> {
    for (;;) {
      const events = await this.store.events.claim(50, at);
      if (events.length === 0) return;
      for (const { event_id, attempts } of events) {
        if (outcome === "done") await this.store.events.complete(event_id, attempts, at, "stored only");
        else {
          const next_at = outcome === "dead" ? null : at + 3_600_000;
          await this.store.events.fail(event_id, attempts, { at, error: "agent_failed: no", next_at });
        }
      }
    }
  }

  async states(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (let after: string | null | undefined; after !== null; ) {
      const page = await this.store.events.list({ limit: 200, ...(after === undefined ? {} : { after }) });
      for (const { state } of page.items) found[state] = (found[state] ?? 0) + 1;
      after = page.next;
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
