import type { Timer } from "../lib/clock.ts";
import type { StoredReply } from "../protocol/reply.ts";
import type { ReplyStore } from "../store/store.ts";
import { type DeliverParts, deliverReply } from "./deliver.ts";

/** Retrying replies come due without anybody telling, so the worker looks by itself this often. */
const LOOK_EVERY_MS = 1_000;
const MAX_CONCURRENT = 4;

export interface ReplyWorkerParts extends DeliverParts {
  readonly replies: Pick<ReplyStore, "claim" | "partSent" | "settle" | "interrupted">;
  /** Replies that are sent at the same time, each of another conversation. @default 4 */
  readonly maxConcurrent?: number;
}

/**
 * Sends answers back: oldest first, one of each conversation at a time, `maxConcurrent` in all. Those that were being sent
 * when the last process ended go first.
 */
export class ReplyWorker {
  readonly #parts: ReplyWorkerParts;
  readonly #maxConcurrent: number;
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  /** Null until they are known. */
  #interrupted: StoredReply[] | null = null;
  #timer: Timer | null = null;
  #claiming: Promise<void> | null = null;
  #again = false;

  constructor(parts: ReplyWorkerParts) {
    this.#parts = parts;
    this.#maxConcurrent = parts.maxConcurrent ?? MAX_CONCURRENT;
  }

  get running(): number {
    return this.#running.size;
  }

  start(): void {
    this.#timer = this.#parts.clock.every(LOOK_EVERY_MS, () => this.kick());
    this.kick();
  }

  /** Says that there may be work. Cheap; called after every run that has a reply. */
  kick(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#claiming !== null) {
      this.#again = true;
      return;
    }
    if (this.#running.size >= this.#maxConcurrent) return; // whoever ends kicks again
    this.#again = false;
    this.#claiming = this.#claim().then((more) => {
      this.#claiming = null;
      if (more || this.#again) this.kick();
    });
  }

  /** Claims nothing more and waits for no store. What is being sent goes on; wait for it with `idle`. */
  stop(): void {
    this.#stopping.abort("the gateway is stopping");
    this.#timer?.cancel();
  }

  /** Resolves when nothing is being sent; after `stop` that stays so. */
  async idle(): Promise<void> {
    while (this.#claiming !== null || this.#running.size > 0) await Promise.all([this.#claiming, ...this.#running]);
  }

  /** Whether there may be more than there was room for. Never rejects. */
  async #claim(): Promise<boolean> {
    const { replies, clock, log } = this.#parts;
    try {
      // Before the first claim: afterwards our own would be among them.
      this.#interrupted ??= [...(await replies.interrupted())];
      for (const reply of this.#interrupted.splice(0, this.#maxConcurrent - this.#running.size))
        this.#start(reply, "interrupted");
      const room = this.#maxConcurrent - this.#running.size;
      if (room === 0 || this.#stopping.signal.aborted) return false;
      const due = await replies.claim(room, clock.now());
      for (const reply of due) this.#start(reply, "send");
      return due.length === room;
    } catch (error) {
      // The store is full or locked: the replies stay where they are and are looked for again.
      log.error("Cannot claim answers to send", { error: String(error) });
      return false;
    }
  }

  #start(reply: StoredReply, how: "send" | "interrupted"): void {
    const work = this.#deliver(reply, how).finally(() => {
      this.#running.delete(work);
      this.kick();
    });
    this.#running.add(work);
  }

  async #deliver(reply: StoredReply, how: "send" | "interrupted"): Promise<void> {
    try {
      await deliverReply(this.#parts, reply, how, this.#stopping.signal);
    } catch (error) {
      this.#parts.log.error("Cannot settle an answer; it is looked at again at the next start", {
        reply_id: reply.reply_id,
        error: String(error),
      });
    }
  }
}
