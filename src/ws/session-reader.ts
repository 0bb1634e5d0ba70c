import { sleep } from "../lib/clock.ts";
import { isTerminal } from "../protocol/frames.ts";
import type { RunHandle } from "../runs/runs.ts";
import type { Published } from "../sessions/stream.ts";
import type { Outbox } from "./outbox.ts";
import type { HubParts } from "./parts.ts";
import { withId } from "./replies.ts";

/** How a socket wants to hear of a run that it started. */
export interface Wanted {
  /** Echoed on every frame of the run. */
  readonly id: string | undefined;
  /** Whether it wants more than the terminal frame. */
  readonly stream: boolean;
}

/** The socket, as a reader knows it. */
export interface ReaderOwner {
  /** Called when the session was removed, and nothing more comes. */
  readonly removed: () => void;
  /** What the socket's device called the message of a run that it sent on another socket. */
  readonly idOf: (run_id: string) => string | undefined;
}

const RETRY_MS = 1_000;

export type ReaderParts = Pick<HubParts, "streams" | "clock" | "log">;

/**
 * Reads one session's stream for one socket: the runs that it started, or everything once it follows the session. There is
 * one reader a session, so no frame can be sent twice.
 */
export class SessionReader {
  readonly #parts: ReaderParts;
  readonly #session_id: string;
  readonly #outbox: Outbox;
  readonly #owner: ReaderOwner;
  readonly #runs = new Map<string, Wanted>();
  /** Everything above this is sent; null: the session is not followed. */
  #followedAfter: number | null = null;
  /** What was sent or passed over. */
  #seq = 0;
  /** While a message is being started its frames may come before we know that they are ours, so nothing is sorted. */
  #holds = 0;
  #unheld: (() => void)[] = [];
  #reading: AbortController | null = null;
  #paced = false;
  /** Whoever followed and has not been told yet that the reader has caught up. */
  #live: (() => void) | null = null;

  constructor(parts: ReaderParts, session_id: string, outbox: Outbox, owner: ReaderOwner) {
    this.#parts = parts;
    this.#session_id = session_id;
    this.#outbox = outbox;
    this.#owner = owner;
  }

  get followed(): boolean {
    return this.#followedAfter !== null;
  }

  /** Nothing more to read or to wait for. */
  get idle(): boolean {
    return this.#holds === 0 && !this.#wanted;
  }

  get #wanted(): boolean {
    return this.followed || this.#runs.size > 0;
  }

  /** Stops sorting frames until `unhold`: a run is about to be started. */
  hold(): void {
    this.#holds += 1;
  }

  unhold(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    for (const go of this.#unheld.splice(0)) go();
  }

  tracks(run_id: string): boolean {
    return this.#runs.has(run_id);
  }

  /** Sends what is wanted of a run. */
  track(handle: RunHandle, wanted: Wanted): void {
    this.#runs.set(handle.run_id, wanted);
    if (!this.#reading) this.#read(handle.after, false);
  }

  /**
   * Sends everything after `after`, at the reader's pace until it has caught up. `live` is called then, or earlier when
   * the session is followed from another place or not any more.
   */
  follow(after: number, live: () => void): void {
    this.#tellLive();
    this.#followedAfter = after;
    // A run that was asked for here may have something to say that is not above `after` and was not sent yet.
    const from = this.#reading && this.#runs.size > 0 ? Math.min(after, this.#seq) : after;
    this.#interrupt();
    this.#live = live;
    this.#read(from, true);
  }

  unfollow(): void {
    this.#followedAfter = null;
    this.#tellLive();
    if (!this.#wanted) this.stop();
  }

  stop(): void {
    this.#followedAfter = null;
    this.#runs.clear();
    this.#interrupt();
  }

  #tellLive(): void {
    const live = this.#live;
    this.#live = null;
    live?.();
  }

  #interrupt(): void {
    this.#reading?.abort();
    this.#reading = null;
    for (const go of this.#unheld.splice(0)) go();
  }

  #read(after: number, paced: boolean): void {
    const abort = new AbortController();
    this.#reading = abort;
    this.#paced = paced;
    this.#seq = after;
    void this.#readOn(abort.signal);
  }

  /** Reads until nothing is wanted or `signal` aborts, over failures of the store. Never rejects. */
  async #readOn(signal: AbortSignal): Promise<void> {
    const caughtUp = () => {
      if (!this.#paced || signal.aborted) return;
      this.#paced = false;
      this.#tellLive();
    };
    while (!signal.aborted) {
      try {
        await this.#readThrough(signal, caughtUp);
      } catch (error) {
        this.#parts.log.error("Cannot read a session for a socket; trying again", {
          session_id: this.#session_id,
          error: String(error),
        });
        await sleep(this.#parts.clock, RETRY_MS, signal).catch(() => undefined); // aborted: the loop ends
      }
    }
  }

  async #readThrough(signal: AbortSignal, caughtUp: () => void): Promise<void> {
    const { streams } = this.#parts;
    const stream = await streams.acquire(this.#session_id);
    try {
      for await (const item of stream.read(this.#seq, signal, caughtUp)) {
        await this.#sorting(signal);
        await this.#pass(item, signal);
        if (signal.aborted) return;
        if (!this.#wanted) return this.stop(); // at once, so that a run that is tracked from now on gets a reader
      }
      if (signal.aborted) return;
      // A new session of that name may be somebody else's, so nobody follows on into it.
      this.stop();
      this.#owner.removed();
      this.#tellLive();
    } finally {
      streams.release(this.#session_id);
    }
  }

  /** Sends a frame if it is wanted. What is sent and what is noted of it happens in one turn. */
  async #pass({ frame, json }: Published, signal: AbortSignal): Promise<void> {
    const { run_id = "", seq = 0 } = frame;
    const last = isTerminal(frame);
    if (this.#paced) await this.#outbox.room(signal);
    if (signal.aborted) return;
    const run = this.#runs.get(run_id);
    const followed = this.#followedAfter !== null && seq > this.#followedAfter;
    if (followed || (run && (last || run.stream))) {
      const text = withId(json, run ? run.id : this.#owner.idOf(run_id));
      if (this.#paced) this.#outbox.sendPaced(text);
      else this.#outbox.send(text);
    }
    this.#seq = seq;
    if (last) this.#runs.delete(run_id);
  }

  async #sorting(signal: AbortSignal): Promise<void> {
    while (this.#holds > 0 && !signal.aborted) await new Promise<void>((resolve) => this.#unheld.push(resolve));
  }
}
