import type { EventWithBody } from "../../src/protocol/event.ts";
import type { StoredRun } from "../../src/protocol/run.ts";
import {
  type EventFailure,
  type EventStore,
  type IdempotencyRecord,
  type IdempotencyStore,
  type NewReply,
  type NewRun,
  type RunOutcome,
  type RunStore,
  type SessionStore,
  type StoredSession,
  StoreUnavailable,
} from "../../src/store/store.ts";

export interface SettledEvent {
  readonly event_id: string;
  readonly attempt: number;
  readonly failure: EventFailure;
}

export interface CompletedEvent {
  readonly event_id: string;
  readonly attempt: number;
  readonly detail: string;
}

/** What runs need of a store, in memory: it outlives the gateways of a test as a disk would. */
export class MemoryRunStore {
  readonly rows = new Map<string, StoredRun>();
  readonly sessionRows = new Map<string, StoredSession>();
  readonly keys = new Map<string, IdempotencyRecord>();
  readonly settled: SettledEvent[] = [];
  /** Events that were stored only. */
  readonly completed: CompletedEvent[] = [];
  /** Answers that are to go back, by the run they belong to. */
  readonly replies = new Map<string, NewReply>();
  /** Names of the methods whose next calls fail as on a full disk, with how often. */
  readonly failing = new Map<string, number>();
  /** Every write, by the name of its method. */
  readonly writes: string[] = [];
  /** Writes wait for this. */
  gate: Promise<void> = Promise.resolve();
  readonly runs: RunStore = runStore(this);
  readonly sessions: SessionStore = sessionStore(this);
  readonly events: Pick<EventStore, "fail" | "complete"> = {
    fail: (event_id, attempt, failure) =>
      this.write("events.fail", () => {
        this.settled.push({ event_id, attempt, failure });
        return true;
      }),
    complete: (event_id, attempt, _at, detail) =>
      this.write("events.complete", () => {
        this.completed.push({ event_id, attempt, detail });
        return true;
      }),
  };
  readonly idempotency: IdempotencyStore = {
    get: async (scope, key) => this.keys.get(`${scope}\n${key}`) ?? null,
    put: (record) => this.write("idempotency.put", () => void this.keys.set(`${record.scope}\n${record.key}`, record)),
    remove: (scope, key) => this.write("idempotency.remove", () => void this.keys.delete(`${scope}\n${key}`)),
    purge: async () => 0,
  };

  /** The next `times` calls of `method` fail and leave nothing behind. */
  fail(method: string, times = 1): void {
    this.failing.set(method, times);
  }

  async write<T>(method: string, change: () => T): Promise<T> {
    this.writes.push(method);
    await this.gate;
    this.#refuse(method);
    return change();
  }

  async read<T>(method: string, look: () => T): Promise<T> {
    this.#refuse(method);
    return look();
  }

  change(run_id: string, change: Partial<StoredRun>): void {
    const run = this.rows.get(run_id);
    if (run) this.rows.set(run_id, { ...run, ...change });
  }

  #refuse(method: string): void {
    const times = this.failing.get(method) ?? 0;
    if (times === 0) return;
    this.failing.set(method, times - 1);
    throw new StoreUnavailable(`Cannot write: the disk is full (${method})`);
  }
}

/** An event as the store hands it to a worker. */
export function eventOf(event_id: string, session_id: string, attempts = 1): EventWithBody {
  return {
    event_id,
    source: "webhook",
    type: "message",
    delivery_id: null,
    state: "running",
    attempts,
    session_id,
    device_id: null,
    received_at: 0,
    updated_at: 0,
    size: 2,
    content_type: "application/json",
    error: null,
    headers: {},
    body: new TextEncoder().encode("{}"),
    purged: false,
    tries: attempts,
    response: null,
    model: null,
  };
}

function unfinished(run: StoredRun): boolean {
  return run.state === "queued" || run.state === "running";
}

function runStore(store: MemoryRunStore): RunStore {
  return {
    create: (run, key) => store.write("runs.create", () => create(store, run, key)),
    begin: (run_id, at) =>
      store.write("runs.begin", () => {
        if (store.rows.get(run_id)?.state === "queued") store.change(run_id, { state: "running", started_at: at });
      }),
    finish: (run_id, attempt, outcome) => store.write("runs.finish", () => finish(store, run_id, attempt, outcome)),
    get: (run_id) => store.read("runs.get", () => store.rows.get(run_id) ?? null),
    latestEventOf: async (session_id) => {
      const answered = [...store.rows.values()].filter((run) => run.session_id === session_id && run.event_id !== null);
      return answered.at(-1)?.event_id ?? null;
    },
    ofEvent: async (event_id) => [...store.rows.values()].findLast((run) => run.event_id === event_id) ?? null,
    unfinished: async () => [...store.rows.values()].filter(unfinished),
    restart: (run_id) =>
      store.write("runs.restart", () => {
        const run = store.rows.get(run_id);
        if (!run || !unfinished(run)) throw new Error(`Cannot restart run "${run_id}": it has ended`);
        store.change(run_id, { attempt: run.attempt + 1, state: "queued", started_at: null });
        return run.attempt + 1;
      }),
    endedAfter: (session_id, after, limit) =>
      store.read("runs.endedAfter", () =>
        [...store.rows.values()]
          .filter((run) => run.session_id === session_id && (run.seq ?? 0) > after)
          .sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0))
          .slice(0, limit),
      ),
  };
}

function create(store: MemoryRunStore, run: NewRun, key: IdempotencyRecord | undefined): void {
  const { session_id, device_id, created_at } = run;
  const known = store.sessionRows.get(session_id);
  const base = { session_id, device_id, title: "", created_at, seq_limit: 1 };
  store.sessionRows.set(session_id, { ...base, ...known, updated_at: created_at });
  store.rows.set(run.run_id, {
    ...run,
    attempt: 1,
    response: null,
    model: null,
    usage: null,
    error: null,
    seq: null,
    started_at: run.state === "running" ? created_at : null,
    ended_at: null,
  });
  if (key) store.keys.set(`${key.scope}\n${key.key}`, key);
}

function finish(store: MemoryRunStore, run_id: string, attempt: number, outcome: RunOutcome): boolean {
  const run = store.rows.get(run_id);
  if (!run || run.attempt !== attempt || !unfinished(run)) return false;
  const { event_failure, reply, ...end } = outcome;
  store.change(run_id, end);
  if (reply && outcome.response !== null) store.replies.set(run_id, reply);
  if (run.event_id !== null && event_failure)
    store.settled.push({ event_id: run.event_id, attempt, failure: event_failure });
  return true;
}

function sessionStore(store: MemoryRunStore): SessionStore {
  const rows = store.sessionRows;
  return {
    get: (session_id) => store.read("sessions.get", () => rows.get(session_id) ?? null),
    list: async () => ({ items: [...rows.values()], next: null }),
    messages: async () => ({ items: [], next: null }),
    historyBefore: async () => [],
    reserve: (session_id, limit) =>
      store.write("sessions.reserve", () => {
        const known = rows.get(session_id);
        const base = { session_id, device_id: null, title: "", created_at: 0, updated_at: 0 };
        rows.set(session_id, { ...base, ...known, seq_limit: Math.max(known?.seq_limit ?? 1, limit) });
      }),
    remove: (session_id) =>
      store.write("sessions.remove", () => {
        for (const run of store.rows.values()) if (run.session_id === session_id) store.rows.delete(run.run_id);
        return rows.delete(session_id);
      }),
  };
}
