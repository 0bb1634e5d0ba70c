import type { Agent } from "../agent/agent.ts";
import type { Tools } from "../agent/tools/tools.ts";
import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import type { Feed } from "../observe/feed.ts";
import type { Log } from "../observe/log.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { ErrorFrame, ResponseFrame } from "../protocol/frames.ts";
import { Problem } from "../protocol/problem.ts";
import type { Reach, RunOrigin, StoredRun } from "../protocol/run.ts";
import type { SessionStream } from "../sessions/stream.ts";
import type { Streams } from "../sessions/streams.ts";
import type { IdempotencyRecord, NewReply, NewRun, Store } from "../store/store.ts";
import { type ActiveRun, execute } from "./execute.ts";
import { Lanes } from "./lanes.ts";
import type { Permissions } from "./permissions.ts";

export interface RunRequest {
  readonly session_id: string;
  readonly device_id: string | null;
  readonly origin: RunOrigin;
  readonly reach: Reach;
  readonly text: string;
  /** What the session is called if this begins it. @default the beginning of `text` */
  readonly title?: string;
  readonly event?: EventWithBody;
  /** What the asker's program says about how to answer. Not stored. */
  readonly instructions?: string;
  /**
   * Goes before everything that waits in the session, and stops the answer under way there: it ends as `cancelled`, and what
   * it has said stays in the history. Runs of events are not stopped: theirs are answers to somebody else.
   */
  readonly steer?: boolean;
  /** Stored with the run, so that the key leads back to it even after a crash. */
  readonly key?: Pick<IdempotencyRecord, "scope" | "key" | "fingerprint">;
}

export type Terminal = ResponseFrame | ErrorFrame;

/** A run that is on disk. It goes on whether anybody waits for it or not. */
export interface RunHandle {
  readonly run_id: string;
  readonly message_id: string;
  readonly session_id: string;
  /** Frames of the run have a greater `seq`. */
  readonly after: number;
  /** The terminal frame, once it is on disk; never rejects. Pending for ever when the process stops first. */
  readonly ended: Promise<Terminal>;
}

export interface RunsParts {
  readonly store: Pick<Store, "runs" | "sessions">;
  readonly streams: Streams;
  readonly agent: Agent;
  readonly permissions: Permissions;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeoutMs: number;
  /** True for an event that is a message to the agent itself, which it answers like any other message. */
  readonly isQuestion: (event: EventWithBody) => boolean;
  /** When an event whose attempt failed is tried again; null when it is not. */
  readonly retryAt: (event: EventWithBody, now: number) => number | null;
  /** What of the gateway the agent may use in a run's name; null when strangers' text is in its conversation. */
  readonly toolsFor: (
    run: Pick<StoredRun, "reach" | "device_id" | "session_id" | "run_id" | "attempt">,
  ) => Promise<Tools | null>;
  /** The way back of an event's answer; null when it has none. */
  readonly replyTo: (event: EventWithBody) => NewReply | null;
  /** The way of a notice to a channel, looked up when it is said; null when it stays in its session. */
  readonly replyToNotice?: (run: StoredRun) => Promise<NewReply | null>;
  /** Told of answers that are on disk and wait to be sent. */
  readonly onReply?: () => void;
  /** Told of every ended run, for metrics. */
  readonly onEnded?: (run: StoredRun["state"], ms: number) => void;
  /** Told how the agent did: null when it answered, else why it could not. */
  readonly onAnswer?: (trouble: string | null) => void;
}

/** One message or event, from the moment it is on disk to the moment its answer is. Used by every door. */
export class Runs {
  readonly #parts: RunsParts;
  readonly #lanes = new Lanes();
  readonly #active = new Map<string, ActiveRun>();
  readonly #abandoned = new AbortController();
  #stopping = false;

  constructor(parts: RunsParts) {
    this.#parts = parts;
  }

  /** Runs that are queued or running. */
  get active(): number {
    return this.#active.size;
  }

  /**
   * Commits a run with its message, then lets it begin when its session is free.
   * @throws Problem session_busy, shutting_down. @throws StoreUnavailable
   */
  async start(request: RunRequest): Promise<RunHandle> {
    if (this.#stopping) throw new Problem("shutting_down", { retryAfter: 5 });
    if (!request.steer && this.#lanes.full(request.session_id)) {
      throw new Problem("session_busy", {
        detail: `The session "${request.session_id}" has as many messages waiting as it may. Wait for an answer first.`,
        retryAfter: 5,
      });
    }
    const { clock } = this.#parts;
    const now = clock.now();
    const run: NewRun = {
      run_id: newId(now),
      session_id: request.session_id,
      event_id: request.event?.event_id ?? null,
      device_id: request.device_id,
      origin: request.origin,
      reach: request.reach,
      input: request.text,
      ...(request.title === undefined ? {} : { title: request.title }),
      message_id: newId(now),
      state: this.#lanes.free(request.session_id) ? "running" : "queued",
      created_at: now,
    };
    const record: IdempotencyRecord | undefined = request.key && {
      ...request.key,
      run_id: run.run_id,
      status: 0,
      body: "",
      created_at: now,
    };
    const { event = null, instructions = null, steer = false } = request;
    const save = () => this.#parts.store.runs.create(run, record);
    return this.#enter(stored(run), { event, instructions, steer, queued: run.state === "queued" }, save);
  }

  /** Goes on with a run of an earlier process, one attempt later. Its idempotency key still leads to it. */
  async resume(run: StoredRun, event: EventWithBody | null = null): Promise<RunHandle> {
    const attempt = await this.#parts.store.runs.restart(run.run_id);
    const entry = { event, instructions: null, steer: false, queued: true };
    return this.#enter({ ...run, attempt, state: "queued" }, entry, () => Promise.resolve());
  }

  /** Starts what an earlier process left unfinished. Events are claimed again by the inbox, so their runs wait for that. */
  async recover(): Promise<number> {
    const left = await this.#parts.store.runs.unfinished();
    const own = left.filter((run) => run.event_id === null);
    for (const run of own) await this.resume(run);
    return own.length;
  }

  /** Ends a run with the error `cancelled`. False when it is not queued or running here. */
  cancel(run_id: string): boolean {
    const active = this.#active.get(run_id);
    if (!active || active.over) return false;
    this.#stop(active, new Problem("cancelled", { detail: "The run was cancelled." }));
    return true;
  }

  /** One that waits ends now, not when its turn comes: it must be over on disk before whoever cancelled it is told so. */
  #stop(active: ActiveRun, reason: Problem): void {
    active.abort.abort(reason);
    if (active.running) return;
    this.#lanes.leave(active.handle.session_id, active.work);
    void active.work();
  }

  /** Cancels everything that waits or runs in a session; resolves when that is on disk. */
  async cancelSession(session_id: string): Promise<void> {
    const own = [...this.#active.values()].filter(({ handle }) => handle.session_id === session_id);
    for (const { handle } of own) this.cancel(handle.run_id);
    await Promise.all(own.map((run) => run.settled));
  }

  get(run_id: string): Promise<StoredRun | null> {
    return this.#parts.store.runs.get(run_id);
  }

  /** The handle of a run that has not ended; null for others. */
  handle(run_id: string): RunHandle | null {
    const active = this.#active.get(run_id);
    return active && !active.over ? active.handle : null;
  }

  /** Takes no new runs. Those under way go on; wait with `idle`. */
  stop(): void {
    this.#stopping = true;
  }

  async idle(): Promise<void> {
    while (this.#active.size > 0) await Promise.all([...this.#active.values()].map((run) => run.settled));
  }

  /** Stops what is still under way without ending it: it stays unfinished in the store and begins again at the next start. */
  abandon(): void {
    this.#stopping = true;
    this.#abandoned.abort(new Problem("shutting_down"));
    for (const run of this.#active.values()) run.abort.abort(this.#abandoned.signal.reason);
  }

  /** Takes a place in the session's lane before anything is awaited, so that messages are answered in the order they came. */
  async #enter(run: StoredRun, entry: Entry, save: () => Promise<void>): Promise<RunHandle> {
    const { streams } = this.#parts;
    const { steer, ...job } = entry;
    let begin!: (stream: SessionStream | null) => void;
    const ready = new Promise<SessionStream | null>((resolve) => {
      begin = resolve;
    });
    const active = this.#register(run, steer, async () => {
      active.running = true; // before its commit is awaited: a message that steers may be in the same one
      const stream = await ready;
      if (stream) await execute(this.#parts, { ...active, ...job, run }, stream);
      this.#active.delete(run.run_id);
      active.settle();
      if (stream) streams.release(run.session_id);
    });
    this.#lanes.enter(run.session_id, active.work, steer);
    let acquired = false;
    try {
      // First the stream, then the commit: a run that was refused must not be found on disk by the next start.
      const stream = await streams.acquire(run.session_id);
      acquired = true;
      await save();
      active.handle = { ...active.handle, after: stream.last };
      begin(stream);
      if (steer) this.#stopOthers(run);
      return active.handle;
    } catch (error) {
      if (acquired) streams.release(run.session_id);
      begin(null);
      throw error;
    }
  }

  /** Ends what a run that steers takes the place of: the answer under way, and messages that were to steer before it. */
  #stopOthers({ session_id, run_id }: StoredRun): void {
    const reason = new Problem("cancelled", { detail: `The message ${run_id} took its place.` });
    for (const other of [...this.#active.values()]) {
      if (other.handle.session_id !== session_id || other.handle.run_id >= run_id || other.over || other.ofEvent)
        continue;
      if (other.running || other.steers) this.#stop(other, reason);
    }
  }

  #register(run: StoredRun, steers: boolean, task: () => Promise<void>): ActiveRun {
    let end!: (frame: Terminal) => void;
    let settle!: () => void;
    const ended = new Promise<Terminal>((resolve) => {
      end = resolve;
    });
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const { run_id, message_id, session_id } = run;
    const handle = { run_id, message_id, session_id, after: 0, ended };
    const abort = new AbortController();
    const active: ActiveRun = {
      handle,
      ofEvent: run.event_id !== null,
      steers,
      running: false,
      work: once(task),
      over: false,
      abort,
      settled,
      end: (frame) => {
        active.over = true;
        end(frame);
      },
      settle,
      abandoned: this.#abandoned.signal,
    };
    if (active.abandoned.aborted) abort.abort(active.abandoned.reason); // a recovered run may come in after that
    this.#active.set(run_id, active);
    return active;
  }
}

/** What comes along with a run that is not stored with it. */
interface Entry {
  readonly event: EventWithBody | null;
  readonly instructions: string | null;
  readonly steer: boolean;
  /** Still marked as queued in the store. */
  readonly queued: boolean;
}

/** The task of whoever calls it first; others wait for the same. */
function once(task: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= task();
    return done;
  };
}

function stored(run: NewRun): StoredRun {
  return {
    ...run,
    attempt: 1,
    response: null,
    model: null,
    usage: null,
    error: null,
    seq: null,
    started_at: run.state === "running" ? run.created_at : null,
    ended_at: null,
  };
}
