import type { Clock, Timer } from "../lib/clock.ts";
import type { RunFrame } from "../protocol/frames.ts";
import type { StoredRun } from "../protocol/run.ts";
import type { RunStore, SessionStore } from "../store/store.ts";
import { SessionStream, type StreamSource } from "./stream.ts";

const IDLE_MS = 5 * 60_000;
const SWEEP_MS = 60_000;
/** Idle sessions kept in memory; the one idle for longest goes first. */
const MAX_IDLE = 1_000;

interface Entry {
  /** Null after the session was removed, until somebody uses its name again. */
  ready: Promise<SessionStream> | null;
  /** Counts whoever holds a stream of this name, a removed session's too: each of them calls `release`. */
  users: number;
  idleSince: number;
}

/** What the streams need of the store. */
export interface StreamStore {
  readonly sessions: Pick<SessionStore, "get" | "reserve">;
  readonly runs: Pick<RunStore, "endedAfter">;
}

/** The open streams, one a session. A stream stays while somebody uses it and a little longer, so that a client can come back. */
export class Streams {
  readonly #store: StreamStore;
  readonly #clock: Clock;
  readonly #open = new Map<string, Entry>();
  readonly #sweeper: Timer;

  constructor(store: StreamStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#sweeper = clock.every(SWEEP_MS, () => this.#sweep());
  }

  get size(): number {
    return this.#open.size;
  }

  /** The session's stream. It stays open until `release` is called as often as `acquire`. @throws StoreUnavailable */
  async acquire(session_id: string): Promise<SessionStream> {
    let entry = this.#open.get(session_id);
    if (!entry) {
      if (this.#open.size > 2 * MAX_IDLE) this.#sweep();
      entry = { ready: null, users: 0, idleSince: this.#clock.monotonic() };
      this.#open.set(session_id, entry);
    }
    entry.users += 1; // before anything is awaited, so that a sweep cannot drop the entry meanwhile
    entry.ready ??= this.#load(session_id);
    const { ready } = entry;
    try {
      return await ready;
    } catch (error) {
      if (entry.ready === ready) entry.ready = null;
      this.release(session_id);
      throw error;
    }
  }

  release(session_id: string): void {
    const entry = this.#open.get(session_id);
    if (!entry) return;
    entry.users -= 1;
    entry.idleSince = this.#clock.monotonic();
  }

  /** Ends the stream of a removed session, so that a new one of the same name starts afresh. */
  drop(session_id: string): void {
    const entry = this.#open.get(session_id);
    if (!entry) return;
    entry.ready?.then((stream) => stream.end()).catch(() => undefined); // a stream that could not be loaded has no readers
    entry.ready = null;
  }

  stop(): void {
    this.#sweeper.cancel();
  }

  async #load(session_id: string): Promise<SessionStream> {
    const session = await this.#store.sessions.get(session_id);
    const source: StreamSource = {
      reserve: (limit) => this.#store.sessions.reserve(session_id, limit),
      terminals: async (after, upTo, limit) => {
        const runs = await this.#store.runs.endedAfter(session_id, after, limit);
        return runs.filter((run) => run.seq !== null && run.seq <= upTo).map(terminalFrame);
      },
    };
    return new SessionStream(source, session?.seq_limit ?? 1);
  }

  #sweep(): void {
    const now = this.#clock.monotonic();
    const idle = [...this.#open]
      .filter(([, entry]) => entry.users === 0)
      .sort((a, b) => a[1].idleSince - b[1].idleSince);
    for (const [i, [id, entry]] of idle.entries()) {
      if (now - entry.idleSince >= IDLE_MS || idle.length - i > MAX_IDLE) this.#open.delete(id);
    }
  }
}

/** The frame that ended a run, made again from its row. */
export function terminalFrame(run: StoredRun): RunFrame {
  const seq = run.seq ?? 0;
  if (run.state === "done") {
    return {
      type: "response",
      content: run.response ?? "",
      session_id: run.session_id,
      message_id: run.message_id,
      run_id: run.run_id,
      seq,
      model: run.model ?? "",
      ...(run.usage ? { usage: run.usage } : {}),
    };
  }
  return {
    type: "error",
    code: run.error?.code ?? run.state,
    detail: run.error?.detail ?? "The run did not end with an answer.",
    run_id: run.run_id,
    session_id: run.session_id,
    seq,
  };
}
