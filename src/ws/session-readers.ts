import type { RunHandle } from "../runs/runs.ts";
import type { Outbox } from "./outbox.ts";
import { type ReaderParts, SessionReader, type Wanted } from "./session-reader.ts";

/** The socket, as its readers know it. */
export interface ReadersOwner {
  /** Told of a session that was removed while it was read. */
  readonly removed: (session_id: string) => void;
  /** What the socket's device called the message of a run; undefined when it is not its own, or too long ago. */
  readonly idOf: (run_id: string) => string | undefined;
}

/** The sessions that one socket reads, a reader each. */
export class SessionReaders {
  readonly #parts: ReaderParts;
  readonly #outbox: Outbox;
  readonly #owner: ReadersOwner;
  readonly #readers = new Map<string, SessionReader>();
  #stopped = false;

  constructor(parts: ReaderParts, outbox: Outbox, owner: ReadersOwner) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#owner = owner;
  }

  get size(): number {
    this.#tidy();
    return this.#readers.size;
  }

  follows(session_id: string): boolean {
    return this.#readers.get(session_id)?.followed ?? false;
  }

  /** Sends how a run ends, unless that is sent anyway. */
  awaitEnd(handle: RunHandle, id: string | undefined): void {
    if (this.#stopped) return;
    const reader = this.#reader(handle.session_id);
    if (!reader.followed && !reader.tracks(handle.run_id)) reader.track(handle, { id, stream: false });
  }

  /** Starts a run with `start` and sends what is wanted of it, from its first frame on. */
  async started<T>(session_id: string, start: (track: (handle: RunHandle, wanted: Wanted) => void) => Promise<T>) {
    const reader = this.#reader(session_id);
    reader.hold();
    try {
      return await start((handle, wanted) => {
        if (!this.#stopped) reader.track(handle, wanted);
      });
    } finally {
      reader.unhold();
      this.#tidy();
    }
  }

  /** Sends everything of a session after `after`; `live` is called when the reader has caught up. */
  follow(session_id: string, after: number, live: () => void = () => undefined): void {
    if (!this.#stopped) this.#reader(session_id).follow(after, live);
  }

  unfollow(session_id: string): void {
    this.#readers.get(session_id)?.unfollow();
    this.#tidy();
  }

  stop(): void {
    this.#stopped = true;
    for (const reader of this.#readers.values()) reader.stop();
    this.#readers.clear();
  }

  #reader(session_id: string): SessionReader {
    this.#tidy();
    let reader = this.#readers.get(session_id);
    if (!reader) {
      const { removed, idOf } = this.#owner;
      reader = new SessionReader(this.#parts, session_id, this.#outbox, { removed: () => removed(session_id), idOf });
      this.#readers.set(session_id, reader);
    }
    return reader;
  }

  /** Readers end by themselves when a run does; they are few, so they are looked for when the next one is used. */
  #tidy(): void {
    for (const [id, reader] of this.#readers) if (reader.idle) this.#readers.delete(id);
  }
}
