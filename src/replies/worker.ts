import { WorkLoop } from "../lib/work-loop.ts";
import type { StoredReply } from "../protocol/reply.ts";
import type { ReplyStore } from "../store/store.ts";
import { type DeliverParts, deliverReply } from "./deliver.ts";

const MAX_CONCURRENT = 4;

export interface ReplyWorkerParts extends DeliverParts {
  readonly replies: Pick<ReplyStore, "claim" | "partSent" | "settle" | "interrupted">;
  /** Whose replies it sends. */
  readonly source: string;
  /** Replies that are sent at the same time, each of another conversation. @default 4 */
  readonly maxConcurrent?: number;
}

interface Job {
  readonly reply: StoredReply;
  readonly how: "send" | "interrupted";
}

/**
 * Sends the answers of one source back: oldest first, one of each conversation at a time, `maxConcurrent` in all. Those that
 * were being sent when the last process ended go first.
 */
export class ReplyWorker extends WorkLoop<Job> {
  readonly #stopping: AbortController;

  constructor(parts: ReplyWorkerParts) {
    const stopping = new AbortController();
    const claim = claimer(parts);
    super({
      maxConcurrent: parts.maxConcurrent ?? MAX_CONCURRENT,
      clock: parts.clock,
      claim,
      // The store is full or locked: the replies stay where they are and are looked for again.
      claimFailed: (error) =>
        parts.log.error("Cannot claim answers to send", { source: parts.source, error: String(error) }),
      work: (job) => deliver(parts, job, stopping.signal),
    });
    this.#stopping = stopping;
  }

  /** Claims nothing more and waits for no store. What is being sent goes on; wait for it with `idle`. */
  override stop(): void {
    super.stop();
    this.#stopping.abort("the gateway is stopping");
  }
}

function claimer({ replies, source, clock }: ReplyWorkerParts): (room: () => number) => Promise<readonly Job[]> {
  /** Null until they are known. */
  let interrupted: StoredReply[] | null = null;
  return async (room) => {
    // Before the first claim: afterwards our own would be among them.
    interrupted ??= [...(await replies.interrupted(source))];
    const first = interrupted.splice(0, Math.max(0, room())).map((reply): Job => ({ reply, how: "interrupted" }));
    const free = room() - first.length;
    if (free <= 0) return first;
    const due = await replies.claim(free, clock.now(), source);
    return [...first, ...due.map((reply): Job => ({ reply, how: "send" }))];
  };
}

async function deliver(parts: ReplyWorkerParts, { reply, how }: Job, stopping: AbortSignal): Promise<void> {
  try {
    await deliverReply(parts, reply, how, stopping);
  } catch (error) {
    const { reply_id } = reply;
    parts.log.error("Cannot settle an answer; it is looked at again at the next start", {
      reply_id,
      error: String(error),
    });
  }
}
