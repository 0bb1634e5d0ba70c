import type { Delivery, Kind } from "./deliveries.ts";

/** What the gateway told the sender of a delivery. */
export interface Sent {
  readonly delivery: Delivery;
  /** Answered with a 2xx, read to its end, at least once. */
  readonly acknowledged: boolean;
  /** The events that its acknowledgements named; WhatsApp is told none. */
  readonly event_ids: ReadonlySet<string>;
}

/** A stored event as the database and the API have it at the end. */
export interface Found {
  readonly event_id: string;
  /** The delivery's own id; null when it is none of ours. */
  readonly id: string | null;
  readonly state: string;
  /** What the API says of the same event; null when it does not list it. */
  readonly listed: string | null;
  /** Ends that are recorded as `done`. */
  readonly completions: number;
  /** Runs that gave an answer. */
  readonly answers: number;
  /** The states of its replies. */
  readonly replies: readonly string[];
}

export interface Evidence {
  readonly sent: ReadonlyMap<string, Sent>;
  readonly found: readonly Found[];
  /** What the fake GitHub has, by event id; what the fake Graph API has, by wamid. */
  readonly comments: Readonly<Record<string, number>>;
  readonly messages: Readonly<Record<string, number>>;
}

export interface Verdict {
  readonly counts: Readonly<Record<string, number>>;
  /** Every broken promise, in words. Empty: none. */
  readonly violations: readonly string[];
}

/** Holds what happened against what is promised (docs/durability.md). */
export function judge({ sent, found, comments, messages }: Evidence): Verdict {
  const violations: string[] = [];
  const counts = tally();
  const byId = Map.groupBy(found, ({ id }) => id);
  for (const stray of byId.get(null) ?? []) violations.push(`event ${stray.event_id} is of no delivery`);
  for (const [id, { delivery, acknowledged, event_ids }] of sent) {
    const events = byId.get(id) ?? [];
    counts.deliveries += 1;
    counts.acknowledged += acknowledged ? 1 : 0;
    counts.stored += events.length;
    counts.kept_though_unacknowledged += !acknowledged && events.length > 0 ? 1 : 0;
    const say = (what: string) => violations.push(`${id}: ${what}`);
    if (acknowledged && events.length === 0) say("acknowledged, and it is not there");
    if (events.length > 1) say(`stored ${events.length} times`);
    for (const event_id of event_ids)
      if (events[0]?.event_id !== event_id) say(`acknowledged as ${event_id}, and that event is not there`);
    for (const event of events) judgeEvent(event, delivery.kind, { comments, messages }, counts, say);
  }
  for (const event_id of Object.keys(comments))
    if (!found.some((event) => event.event_id === event_id)) violations.push(`a comment answers ${event_id}: no event`);
  return { counts: { ...counts }, violations };
}

type Counts = ReturnType<typeof tally>;

function tally() {
  return {
    deliveries: 0,
    acknowledged: 0,
    stored: 0,
    kept_though_unacknowledged: 0,
    completed: 0,
    comments_once: 0,
    messages_once: 0,
    messages_uncertain: 0,
    uncertain_though_sent: 0,
  };
}

function judgeEvent(
  event: Found,
  kind: Kind,
  { comments, messages }: Pick<Evidence, "comments" | "messages">,
  counts: Counts,
  say: (what: string) => unknown,
): void {
  if (event.state !== "done") say(`its state is ${event.state}`);
  if (event.listed !== event.state) say(`the API says ${event.listed}, the database ${event.state}`);
  if (event.completions !== 1) say(`${event.completions} recorded completions`);
  if (event.answers !== 1) say(`${event.answers} answers`);
  if (event.completions === 1) counts.completed += 1;
  const [state = "none", ...more] = event.replies;
  if (kind === "webhook") {
    if (state !== "none") say("a reply, and nowhere to send it");
    return;
  }
  if (more.length > 0) say(`${event.replies.length} replies`);
  if (kind === "github") {
    const times = comments[event.event_id] ?? 0;
    if (times !== 1) say(`${times} comments (reply ${state})`);
    if (state !== "sent") say(`its reply is ${state}`);
    if (times === 1) counts.comments_once += 1;
    return;
  }
  const times = messages[event.id ?? ""] ?? 0;
  if (times > 1) say(`${times} messages`);
  if (state === "sent" && times !== 1) say(`its reply is sent, and ${times} messages arrived`);
  if (state !== "sent" && state !== "uncertain") say(`its reply is ${state}`);
  if (state === "sent") counts.messages_once += 1;
  if (state === "uncertain") counts.messages_uncertain += 1;
  if (state === "uncertain" && times === 1) counts.uncertain_though_sent += 1;
}
