import { questionOf, WEBHOOK_SOURCE } from "../api/webhook-body.ts";
import { type Channel, type ChannelOff, isOff, type Plan } from "../channels/channel.ts";
import type { Config } from "../config/settings.ts";
import { nextAttemptAt } from "../inbox/retry-policy.ts";
import { summarize } from "../inbox/summary/summarize.ts";
import type { Random } from "../lib/random.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { Scope } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { EventPlan } from "../runs/deliver.ts";

export interface PlanParts {
  readonly channels: ReadonlyMap<string, Channel | ChannelOff>;
  /** What was planned for the events under way: a body is read once, whoever asks. */
  readonly plans: WeakMap<EventWithBody, Plan>;
  readonly config: Config["channels"];
  readonly scopeOf: (device_id: string) => Scope | null;
  readonly random: Random;
}

/**
 * A question asked by a device reaches what that device may see, and is its own. Everything else was written by strangers:
 * it reaches its own session only, and that session is the owners', whichever device brought the event.
 * @throws Problem channel_off when its channel is not there any more: the event waits, as for any other failure
 */
export async function planOf(parts: PlanParts, event: EventWithBody): Promise<EventPlan> {
  const question = questionOf(event);
  const { device_id, source } = event;
  if (question !== null && device_id !== null) {
    const scope = parts.scopeOf(device_id);
    return { text: question, reach: scope === "owner" || scope === "chat" ? scope : "channel", device_id };
  }
  if (source !== WEBHOOK_SOURCE) {
    const plan = planOfChannel(parts, event);
    if (!plan.run) return { stored: plan.reason };
  }
  // Loaded when the first event is there: a gateway that has none starts without it.
  const { promptFor } = await import("../inbox/prompt/prompt.ts");
  const nonce = Buffer.from(parts.random.bytes(6)).toString("hex");
  const text = promptFor(event, templatesOf(parts.config[source]), nonce);
  return { text, title: summarize(event), reach: "channel", device_id: null };
}

/** What the channel that took the event makes of it. @throws Problem channel_off */
export function planOfChannel({ channels, plans }: Pick<PlanParts, "channels" | "plans">, event: EventWithBody): Plan {
  const channel = channels.get(event.source);
  if (channel && !isOff(channel)) {
    const plan = plans.get(event) ?? channel.plan(event);
    plans.set(event, plan);
    return plan;
  }
  const why = channel ? `is off: ${channel.off}` : "is not configured any more";
  throw new Problem("channel_off", { detail: `The channel "${event.source}" ${why}` });
}

function templatesOf(channel: Config["channels"][string] | undefined) {
  const { prompt, prompts } = channel ?? {};
  return {
    ...(typeof prompt === "string" ? { prompt } : {}),
    // as: the configuration's check has made sure that it is a table of strings.
    ...(prompts === undefined ? {} : { prompts: prompts as Readonly<Record<string, string>> }),
  };
}

/** When a failed event is tried again. Whoever asked a question was told that it failed, and will ask again. */
export function retryAt(event: EventWithBody, now: number, random: Random): number | null {
  return questionOf(event) === null ? nextAttemptAt(event.tries, now, random) : null;
}
