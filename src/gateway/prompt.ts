import { questionOf } from "../api/webhook-body.ts";
import { nextAttemptAt } from "../inbox/retry-policy.ts";
import { summarize } from "../inbox/summary/summarize.ts";
import type { Random } from "../lib/random.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { Scope } from "../protocol/principal.ts";
import type { EventPrompt } from "../runs/deliver.ts";

/**
 * A question asked by a device reaches what that device may see, and is its own. Everything else was written by strangers:
 * it reaches its own session only, and that session is the owners', whichever device brought the event.
 */
export function promptOf(event: EventWithBody, scopeOf: (device_id: string) => Scope | null): EventPrompt {
  const { device_id } = event;
  const question = questionOf(event);
  if (question === null || device_id === null) return { text: summarize(event), reach: "channel", device_id: null };
  const scope = scopeOf(device_id);
  return { text: question, reach: scope === "owner" || scope === "chat" ? scope : "channel", device_id };
}

/** When a failed event is tried again. Whoever asked a question was told that it failed, and will ask again. */
export function retryAt(event: EventWithBody, now: number, random: Random): number | null {
  return questionOf(event) === null ? nextAttemptAt(event.attempts, now, random) : null;
}
