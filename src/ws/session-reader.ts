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
  readonly #removed: () => void;
  readonly #runs = new Map<string, Wanted>();
  #followed = false;
  /** While a message is being started its frames may come before we know that they are ours, so nothing is sorted. */
  #holds = 0;
  #unheld: (() => void)[] = [];
  #reading: AbortController | null = null;
  #paced = false;

  /** `removed` is called when the session was, and nothing more comes. */
  constructor(parts: ReaderParts, session_id: string, outbox: Outbox, removed: () => void) {
    this.#parts = parts;
    this.#session_id = session_id;
    this.#outbox = outbox;
    this.#removed = removed;
  }

  get followed(): boolean {
    return this.#followed;
  }

  /** Nothing more to read or to wait for. */
  get idle(): boolean {
    return this.#holds === 0 && !this.#wanted;
  }

  get #wanted(): boolean {
    return this.#followed || this.#runs.size > 0;
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

  /** Sends what is wanted of a run. */
  track(handle: RunHandle, wanted: Wanted): void {
    if (!this.#runs.has(handle.run_id)) this.#runs.set(handle.run_id, wanted);
    if (!this.#reading) this.#read(handle.after, false, () => undefined);
  }

  /** Sends everything after `after`, at the reader's pace until it has caught up; `live` is called then. */
  follow(after: number, live: () => void): void {
    this.#followed = true;
    this.#interrupt();
    this.#read(after, true, live);
  }

  unfollow(): void {
    this.#followed = false;
    if (!this.#wanted) this.stop();
  }

  stop(): void {
    this.#followed = false;
    this.#runs.clear();
    this.#interrupt();
  }

  #interrupt(): void {
    this.#reading?.abort();
    this.#reading = null;
    for (const go of this.#unheld.splice(0)) go();
  }

  #read(after: number, paced: boolean, live: () => void): void {
    const abort = new AbortController();
    this.#reading = abort;
    this.#paced = paced;
    void this.#readOn(after, abort.signal, live);
  }

  /** Reads until nothing is wanted or `signal` aborts, over failures of the store. Never rejects. */
  async #readOn(after: number, signal: AbortSignal, live: () => void): Promise<void> {
    const place = { seq: after };
    const caughtUp = () => {
      if (!this.#paced || signal.aborted) return;
      this.#paced = false;
      live();
    };
    while (!signal.aborted) {
      try {
        await this.#readThrough(place, signal, caughtUp);
      } catch (error) {
        this.#parts.log.error("Cannot read a session for a socket; trying again", {
          session_id: this.#session_id,
          error: String(error),
        });
        await sleep(this.#parts.clock, RETRY_MS, signal).catch(() => undefined); // aborted: the loop ends
      }
    }
  }

  async #readThrough(place: { seq: number }, signal: AbortSignal, caughtUp: () => void): Promise<void> {
    const { streams } = this.#parts;
    const stream = await streams.acquire(this.#session_id);
    try {
      for await (const item of stream.read(place.seq, signal, caughtUp)) {
        await this.#sorting(signal);
        if (!signal.aborted) await this.#send(item, signal);
        if (signal.aborted) return;
        place.seq = item.frame.seq ?? place.seq;
        if (!this.#wanted) return this.stop(); // at once, so that a run that is tracked from now on gets a reader
      }
      if (signal.aborted) return;
      // A new session of that name may be somebody else's, so nobody follows on into it.
      this.stop();
      this.#removed();
    } finally {
      streams.release(this.#session_id);
    }
  }

  async #send({ frame, json }: Published, signal: AbortSignal): Promise<void> {
    const run_id = frame.run_id ?? "";
    const wanted = this.#runs.get(run_id);
    const last = isTerminal(frame);
    if (this.#followed || (wanted && (last || wanted.stream))) {
      if (this.#paced) await this.#outbox.room(signal);
      if (signal.aborted) return;
      const text = withId(json, wanted?.id);
      if (this.#paced) this.#outbox.sendPaced(text);
      else this.#outbox.send(text);
    }
    if (last) this.#runs.delete(run_id);
  }

  async #sorting(signal: AbortSignal): Promise<void> {
    while (this.#holds > 0 && !signal.aborted) await new Promise<void>((resolve) => this.#unheld.push(resolve));
  }
}
