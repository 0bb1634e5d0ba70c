import type { SaidOutcome, ToolUser } from "../agent/tools/tools.ts";
import { newId } from "../lib/ids.ts";
import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { StoredRun } from "../protocol/run.ts";
import type { SessionAccess } from "../runs/access.ts";
import type { Runs } from "../runs/runs.ts";
import type { NewReply, Store } from "../store/store.ts";
import { type PlanParts, planOfChannel } from "./prompt.ts";

export interface SayParts extends Pick<PlanParts, "channels" | "plans"> {
  readonly runs: () => Runs;
  readonly access: SessionAccess;
  readonly store: {
    readonly runs: Pick<Store["runs"], "latestEventOf">;
    readonly events: Pick<Store["events"], "get">;
    readonly idempotency: Pick<Store["idempotency"], "get">;
  };
}

/** The run is stored under the call's key, so that one that begins again after a crash says nothing twice. */
const SCOPE = "notice";

/** What the agent says in another conversation, through its tool. It goes to the channel if the conversation is a channel's. */
export async function say(
  parts: SayParts,
  user: ToolUser,
  session_id: string,
  text: string,
  key: string | null,
): Promise<SaidOutcome> {
  const principal: Principal = { device_id: user.device_id, name: "the agent", scope: user.reach, local: false };
  try {
    const strangers = parts.access.isStrangers(session_id);
    if (strangers && user.reach !== "owner")
      return { ok: false, why: `There is no conversation "${session_id}" that you may write to.` };
    if (strangers && (await wayBack(parts, session_id)) === null) {
      const why = `Nothing can be sent to "${session_id}": nobody wrote from there who is answered, or the channel's settings send no answers. Such conversations are answered, not begun.`;
      return { ok: false, why };
    }
    const place = strangers ? { session_id, device_id: null } : await parts.access.forMessage(principal, session_id);
    const goes = strangers ? "channel" : "session";
    const earlier = key === null ? null : await parts.store.idempotency.get(SCOPE, key);
    if (earlier?.run_id) return { ok: true, run_id: earlier.run_id, goes };
    const named = key === null ? {} : { key: { scope: SCOPE, key, fingerprint: key } };
    const handle = await parts.runs().start({ ...place, ...named, origin: "notice", reach: "channel", text });
    return { ok: true, run_id: handle.run_id, goes };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, why: error.message };
    throw error;
  }
}

/** The way of a notice to the channel, found when it is said: a run that begins again after a crash goes the same way. */
export async function replyToNotice(
  parts: SayParts,
  { session_id }: Pick<StoredRun, "session_id">,
  now: number,
): Promise<NewReply | null> {
  const found = parts.access.isStrangers(session_id) ? await wayBack(parts, session_id) : null;
  return found && { reply_id: newId(now), ...found };
}

/** To whoever wrote last in a conversation, if that is somebody who is answered. */
async function wayBack(parts: SayParts, session_id: string): Promise<Omit<NewReply, "reply_id"> | null> {
  const event_id = await parts.store.runs.latestEventOf(session_id);
  const event = event_id === null ? null : await parts.store.events.get(event_id);
  if (event === null || !parts.channels.has(event.source)) return null;
  const plan = planOfChannel(parts, event);
  return plan.run && plan.reply !== null
    ? { event_id: event.event_id, source: event.source, target: plan.reply }
    : null;
}
