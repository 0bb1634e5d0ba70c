import type { RunFrame } from "../protocol/frames.ts";

/** A frame with its wire form, made once for all who read it. */
export interface Published {
  readonly frame: RunFrame;
  readonly json: string;
  /** `written` of the stream when this frame was its last: the difference is how many bytes a reader is behind. */
  readonly end: number;
}

export interface StreamSource {
  /** Terminal frames with `after < seq <= upTo`, in order, at most `limit`: what is left on disk of what memory forgot. */
  terminals(after: number, upTo: number, limit: number): Promise<readonly RunFrame[]>;
  /** Promises that no number below `limit` is given out again, not even after a crash. */
  reserve(limit: number): Promise<void>;
}

/** Numbers reserved at once: one write for that many frames. */
const BLOCK = 1024;
/** Memory of one session's frames; what is older is read from disk. */
const MAX_BYTES = 4 * 1024 * 1024;
/** What is left after a cut: a quarter goes at once, so that a long answer does not cut at every frame. */
const KEPT_BYTES = 3 * 1024 * 1024;
const PAGE = 64;

/**
 * What is said in one session, in order. Runs append; sockets and SSE read, each at its own pace and from any `seq`.
 * Memory holds the latest frames; of older runs only the terminal frames are left, and they hold the whole answers.
 */
export class SessionStream {
  readonly #source: StreamSource;
  #frames: Published[] = [];
  /** Frames up to this seq may be missing from memory. */
  #forgotten: number;
  #next: number;
  #limit: number;
  #reserving: Promise<void> | null = null;
  #end = 0;
  #bytes = 0;
  readonly #waiting = new Set<() => void>();
  /** Settles when nobody is between a number and its frame. */
  #section: Promise<void> | null = null;
  #readers = 0;
  #ended = false;

  /** `seqLimit`: every number below may have been given out before. */
  constructor(source: StreamSource, seqLimit: number) {
    this.#source = source;
    this.#next = Math.max(1, seqLimit);
    this.#limit = this.#next;
    this.#forgotten = this.#next - 1;
  }

  /** The last number that was given out. */
  get last(): number {
    return this.#next - 1;
  }

  /** The `seq` of the latest frame; a number given out after it may belong to a frame that is still being committed. */
  get latest(): number {
    return this.#frames.at(-1)?.frame.seq ?? this.#forgotten;
  }

  /** Bytes of all frames since the stream was opened. */
  get written(): number {
    return this.#end;
  }

  get readers(): number {
    return this.#readers;
  }

  /** The next number, once it can never be given out again. Its frame must be appended at once. @throws StoreUnavailable */
  async nextSeq(): Promise<number> {
    while (this.#section !== null || this.#next >= this.#limit) await (this.#section ?? this.#reserve());
    return this.#take();
  }

  /**
   * A number whose frame takes longer to be appended, because it is committed first: nobody else gets a number meanwhile, so
   * that readers, who go by numbers, miss none. @throws what `work` throws, StoreUnavailable
   */
  async exclusively<T>(work: (seq: number) => Promise<T>): Promise<T> {
    while (this.#section !== null) await this.#section;
    const section = Promise.withResolvers<void>();
    this.#section = section.promise; // before anything is awaited: who waits for a reservation looks again after it
    try {
      while (this.#next >= this.#limit) await this.#reserve();
      return await work(this.#take());
    } finally {
      this.#section = null;
      section.resolve();
    }
  }

  #take(): number {
    if (this.#limit - this.#next < BLOCK / 4 && !this.#reserving) this.#reserve().catch(() => undefined); // tried again, and reported, when the block is used up
    const seq = this.#next;
    this.#next += 1;
    return seq;
  }

  /** Readers that wait for a frame; one that has gone leaves nothing here. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Appends a frame whose `seq` came from `nextSeq`. Frames without one belong to no stream and are refused. */
  append(frame: RunFrame): void {
    if (frame.seq === undefined) throw new TypeError(`Cannot append a "${frame.type}" frame without a seq`);
    const json = JSON.stringify(frame);
    const size = Buffer.byteLength(json);
    this.#end += size;
    this.#bytes += size;
    this.#frames.push({ frame, json, end: this.#end });
    if (this.#bytes > MAX_BYTES) this.#drop(this.#surplus());
    this.#wakeAll();
  }

  /** Says that nothing more comes: readers take what is in memory and are done. */
  end(): void {
    this.#ended = true;
    this.#wakeAll();
  }

  /** Forgets what is in memory; readers go on from disk. */
  forget(): void {
    this.#drop(this.#frames.length);
  }

  /**
   * The frames after `after`, then live ones, until `signal` aborts or the stream ends. A slow reader holds nothing but
   * its place. `caughtUp` is called whenever the reader has taken everything there is.
   * @throws StoreUnavailable when frames that memory has forgotten cannot be read
   */
  async *read(after: number, signal: AbortSignal, caughtUp?: () => void): AsyncGenerator<Published, void, void> {
    let cursor = after;
    this.#readers += 1;
    try {
      while (!signal.aborted) {
        if (cursor < this.#forgotten) {
          const upTo = this.#forgotten;
          const page = await this.#source.terminals(cursor, upTo, PAGE);
          for (const frame of page) {
            if (signal.aborted) return;
            cursor = frame.seq ?? cursor;
            yield { frame, json: JSON.stringify(frame), end: this.#end };
          }
          if (page.length < PAGE) cursor = Math.max(cursor, upTo);
          continue;
        }
        const next = this.#firstAfter(cursor);
        if (next) {
          cursor = next.frame.seq ?? cursor;
          yield next;
        } else if (this.#ended) {
          return;
        } else {
          caughtUp?.();
          await this.#changed(signal);
        }
      }
    } finally {
      this.#readers -= 1;
    }
  }

  #firstAfter(seq: number): Published | undefined {
    let low = 0;
    let high = this.#frames.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#frames[middle]!.frame.seq ?? 0) > seq) high = middle;
      else low = middle + 1;
    }
    return this.#frames[low];
  }

  /** How many of the oldest frames have to go; never the latest. */
  #surplus(): number {
    let bytes = this.#bytes;
    let count = 0;
    while (bytes > KEPT_BYTES && count < this.#frames.length - 1) {
      bytes -= sizeOf(this.#frames[count]!);
      count += 1;
    }
    return count;
  }

  #drop(count: number): void {
    for (const gone of this.#frames.splice(0, count)) {
      this.#bytes -= sizeOf(gone);
      this.#forgotten = gone.frame.seq ?? this.#forgotten;
    }
  }

  #reserve(): Promise<void> {
    this.#reserving ??= (async () => {
      const limit = this.#next + BLOCK;
      try {
        await this.#source.reserve(limit);
        this.#limit = limit;
      } finally {
        this.#reserving = null;
      }
    })();
    return this.#reserving;
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        this.#waiting.delete(done);
        resolve();
      };
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", done, { once: true });
      this.#waiting.add(done);
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function sizeOf(published: Published): number {
  return Buffer.byteLength(published.json);
}
