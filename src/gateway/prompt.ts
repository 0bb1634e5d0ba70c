import { questionOf } from "../api/webhook-body.ts";
import { nextAttemptAt } from "../inbox/retry-policy.ts";
import { summarize } from "../inbox/summary/summarize.ts";
import type { Random } from "../lib/random.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { Scope } from "../protocol/principal.ts";
import type { Reach } from "../protocol/run.ts";

/**
 * What the agent is told about an event, and what its answer may draw on. A question asked by a device reaches what that
 * device may see; everything else was written by strangers and reaches its own session only.
 */
export function promptOf(
  event: EventWithBody,
  scopeOf: (device_id: string) => Scope | null,
): { text: string; reach: Reach } {
  const question = questionOf(event);
  if (question === null || event.device_id === null) return { text: summarize(event), reach: "channel" };
  const scope = scopeOf(event.device_id);
  return { text: question, reach: scope === "owner" || scope === "chat" ? scope : "channel" };
}

/** When a failed event is tried again. Whoever asked a question was told that it failed, and will ask again. */
export function retryAt(event: EventWithBody, now: number, random: Random): number | null {
  return questionOf(event) === null ? nextAttemptAt(event.attempts, now, random) : null;
}
