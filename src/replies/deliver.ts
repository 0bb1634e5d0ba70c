import { nextAttemptAt } from "../lib/backoff.ts";
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Log } from "../observe/log.ts";
import type { StoredReply } from "../protocol/reply.ts";
import { persist } from "../store/persist.ts";
import type { ReplyOutcome, ReplyStore } from "../store/store.ts";
import type { Sender, SendResult } from "./sender.ts";
import type { NoSender, SenderOf } from "./senders.ts";

export interface DeliverParts {
  readonly replies: Pick<ReplyStore, "partSent" | "settle">;
  readonly senders: SenderOf;
  /** Told after an outcome is on disk. */
  readonly settled?: (reply: StoredReply, outcome: ReplyOutcome) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** How long the other side may put us off. */
export const MAX_WAIT_MS = 86_400_000;

/**
 * Takes one claimed reply through one attempt, or says what becomes of one that was cut off, and puts the outcome on disk.
 * While the store is unavailable it waits and tries again, until `stopping` aborts: then it rejects, and the reply is an
 * interrupted one at the next start.
 */
export async function deliverReply(
  parts: DeliverParts,
  reply: StoredReply,
  how: "send" | "interrupted",
  stopping: AbortSignal,
): Promise<void> {
  const sender = parts.senders(reply);
  const result = "none" in sender ? unsendable(sender, how) : await attempt(parts, reply, how, sender, stopping);
  const outcome = outcomeOf(parts, reply, result, how);
  const settle = () => parts.replies.settle(reply.reply_id, reply.attempts, outcome);
  const current = await persist(parts, whatOf(reply), settle, stopping);
  report(parts.log, reply, outcome, current);
  if (current) parts.settled?.(reply, outcome);
}

async function attempt(
  parts: DeliverParts,
  reply: StoredReply,
  how: "send" | "interrupted",
  sender: Sender,
  stopping: AbortSignal,
): Promise<SendResult> {
  let arrived = reply.parts_sent;
  let lost: { readonly error: unknown } | null = null;
  const partSent = async () => {
    try {
      await persist(parts, whatOf(reply), () => parts.replies.partSent(reply.reply_id, reply.attempts), stopping);
      arrived += 1;
    } catch (error) {
      lost = { error };
      throw error;
    }
  };
  try {
    if (how === "interrupted") return await sender.interrupted(reply);
    return await sender.send(reply, partSent);
  } catch (error) {
    if (lost) throw error; // what arrived could not be stored, so nothing may be said about the attempt
    parts.log.error("A sender failed", { reply_id: reply.reply_id, source: reply.source, error: String(error) });
    if (how === "interrupted") return { kind: "uncertain", detail: "It may have arrived or not" };
    return await attempt(parts, { ...reply, parts_sent: arrived }, "interrupted", sender, stopping);
  }
}

function unsendable({ none }: NoSender, how: "send" | "interrupted"): SendResult {
  if (how === "send") return { kind: "dead", detail: none };
  return { kind: "uncertain", detail: `Sending was cut off, so it may have arrived or not. ${none}` };
}

function outcomeOf(
  { clock, random }: DeliverParts,
  reply: StoredReply,
  result: SendResult,
  how: "send" | "interrupted",
): ReplyOutcome {
  const { kind, detail } = result;
  const at = clock.now();
  if (kind !== "retry") return { at, state: kind, detail };
  // That this process ended is no failure of the other side's: it waits as after a first one.
  const planned = nextAttemptAt(how === "interrupted" ? 1 : reply.attempts, at, random);
  if (planned === null) return { at, state: "dead", detail: `Given up after ${reply.attempts} attempts: ${detail}` };
  const asked = at + Math.min(result.retryAfterMs ?? 0, MAX_WAIT_MS);
  return { at, state: "retrying", detail, next_at: Math.max(planned, asked) };
}

function whatOf({ reply_id }: StoredReply) {
  return { doing: "store what became of an answer", id: reply_id };
}

function report(log: Log, reply: StoredReply, { state, detail }: ReplyOutcome, current: boolean): void {
  const { reply_id, event_id, source } = reply;
  const fields = { reply_id, event_id, source, attempt: reply.attempts, detail };
  if (!current) log.warn("An answer's attempt had ended before", fields);
  else if (state === "sent") log.info("An answer was sent", fields);
  else if (state === "retrying") log.warn("An answer could not be sent; it is tried again", fields);
  else if (state === "dead") log.error("An answer cannot be sent", fields);
  else log.error("An answer may have been sent or not; it is not sent again by itself", fields);
}
