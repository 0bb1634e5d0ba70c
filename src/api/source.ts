import {
  type Channel,
  type ChannelAnswer,
  type ChannelEvent,
  type Delivery,
  isOff,
  isRefusal,
} from "../channels/channel.ts";
import { type Answer, JSON_TYPE } from "../http/answer.ts";
import { announced } from "../http/arrival.ts";
import { keptHeaders } from "../inbox/kept-headers.ts";
import { newId } from "../lib/ids.ts";
import { nearest } from "../lib/nearest.ts";
import { Problem } from "../protocol/problem.ts";
import { REPLY_HEADER } from "../protocol/reply.ts";
import { eventRow } from "../protocol/rows.ts";
import type { NewEvent } from "../store/store.ts";
import type { Context, Handler } from "./context.ts";
import type { ApiParts } from "./parts.ts";
import {
  off,
  overBudget,
  PROVED,
  problemOf,
  Refused,
  refusalOf,
  tooMany,
  unknownSource,
  wrongAddress,
} from "./source-refusal.ts";

export type SourceParts = Pick<
  ApiParts,
  "store" | "feed" | "inbox" | "clock" | "channels" | "counts" | "refusals" | "spend" | "recent" | "urlOf"
>;

/** What a delivery is remembered by in `recent`. No source has a space in its name. */
export function recentKey(source: string, delivery_id: string): string {
  return `${source} ${delivery_id}`;
}

/** POST /webhook/{source}, and its aliases: verified over the raw bytes, stored, then acknowledged. */
export function source(parts: SourceParts, alias?: string): Handler {
  return async (context) => {
    const met = meet(parts, context, alias);
    try {
      met.channel = openedChannel(parts, context, met.name);
      return await receive(parts, context, met.channel, met);
    } catch (error) {
      throw refused(parts, context, met, error);
    }
  };
}

/** GET of the same addresses: the verification some providers send before they send anything else. */
export function handshake(parts: SourceParts, alias?: string): Handler {
  return (context) => {
    const met = meet(parts, context, alias);
    try {
      met.channel = openedChannel(parts, context, met.name);
      if (!met.channel.handshake) return onlyPost(context, met.name);
      const found = met.channel.handshake(new URLSearchParams(context.queryText));
      if (isRefusal(found)) throw new Refused(found);
      return answerOf(found);
    } catch (error) {
      throw refused(parts, context, met, error);
    }
  };
}

/** What is known of a delivery so far. */
interface Met {
  readonly name: string;
  readonly at: number;
  channel: Channel | null;
  /** Bytes of the body that were announced or have come. */
  size: number;
}

function meet({ clock }: SourceParts, { params, request }: Context, alias: string | undefined): Met {
  const announced = Number(request.headers.get("content-length") ?? 0);
  const size = Number.isSafeInteger(announced) && announced > 0 ? announced : 0;
  return { name: alias ?? params["source"] ?? "", at: clock.now(), channel: null, size };
}

async function receive(parts: SourceParts, context: Context, channel: Channel, met: Met): Promise<Answer> {
  const { request } = context;
  announced(request, channel.maxBody);
  const { headers } = request;
  const delivery: Delivery = {
    headers,
    url: parts.urlOf(context),
    pathSecret: context.params["secret"] ?? null,
    received_at: met.at,
  };
  const verifier = channel.verify(delivery);
  if (isRefusal(verifier)) throw new Refused(verifier);
  let arrived = 0;
  const { bytes, release } = await context.heldBody(channel.maxBody, (chunk) => {
    arrived += chunk.length;
    met.size = Math.max(met.size, arrived);
    verifier.update(chunk);
  });
  try {
    const refusal = verifier.refusal(bytes);
    if (refusal) throw new Refused(refusal);
    context.proved();
    const wait = parts.spend(channel.name);
    if (wait > 0) throw new Refused(overBudget(channel.name, wait));
    const reading = channel.read(delivery, bytes);
    if (isRefusal(reading)) throw new Refused(reading);
    if (reading.kind === "answer") return answerOf(reading.answer);
    const kept = keptHeaders(headers, channel.secretHeaders, delivery.pathSecret);
    const events = headers.has(REPLY_HEADER) ? reading.events.map(unanswered) : reading.events;
    return await store(parts, channel, events, kept, met.at);
  } finally {
    release();
  }
}

async function store(
  parts: SourceParts,
  channel: Channel,
  events: readonly ChannelEvent[],
  headers: Readonly<Record<string, string>>,
  received_at: number,
): Promise<Answer> {
  // Each by itself: when some cannot be stored the sender is told to come back, and then the others are duplicates.
  const results = await Promise.all(events.map((event) => accept(parts, channel.name, event, headers, received_at)));
  const fresh = results.filter(({ duplicate }) => !duplicate);
  parts.counts.accepted(channel.name, fresh.length);
  parts.counts.duplicate(channel.name, results.length - fresh.length);
  const { accepted } = channel;
  if (accepted && (fresh.length > 0 || accepted.type !== JSON_TYPE)) return answerOf(accepted);
  if (fresh.length === 0 && results.length > 0) return told("duplicate", results, 200);
  return told("accepted", fresh, 202);
}

interface Accepted {
  readonly event_id: string;
  readonly duplicate: boolean;
}

async function accept(
  parts: SourceParts,
  source: string,
  event: ChannelEvent,
  headers: Readonly<Record<string, string>>,
  received_at: number,
): Promise<Accepted> {
  const { recent, feed, inbox } = parts;
  const key = event.delivery_id === null ? null : recentKey(source, event.delivery_id);
  const known = key === null ? undefined : recent?.get(key);
  if (known !== undefined) return { event_id: known, duplicate: true };
  const row: NewEvent = {
    event_id: newId(received_at),
    source,
    type: event.type,
    delivery_id: event.delivery_id,
    session_id: event.session_id,
    device_id: null,
    received_at,
    content_type: event.content_type,
    headers,
    body: event.body,
    ...(event.stored === undefined ? {} : { stored: event.stored }),
  };
  const result = await parts.store.events.accept(row);
  if (key !== null) recent?.set(key, result.event_id);
  if (result.duplicate) return result;
  const { body, stored, ...rest } = row;
  const stands = stored === undefined ? ({ state: "received", attempts: 0 } as const) : STORED_ONLY;
  const shown = { ...rest, ...stands, updated_at: received_at, size: body.length, error: null };
  feed.emit("event", eventRow({ ...shown, event_id: result.event_id }));
  if (stored === undefined || result.event_id !== row.event_id) inbox.accepted();
  return result;
}

const STORED_ONLY = { state: "done", attempts: 1 } as const;

function told(status: "accepted" | "duplicate", results: readonly Accepted[], code: number): Answer {
  const ids = results.map(({ event_id }) => event_id);
  const body = JSON.stringify(ids.length === 1 ? { status, event_id: ids[0] } : { status, event_ids: ids });
  return { status: code, body, type: JSON_TYPE };
}

function answerOf({ status, body, type }: ChannelAnswer): Answer {
  return { status, body, type };
}

function openedChannel({ channels }: SourceParts, context: Context, name: string): Channel {
  const found = channels.get(name);
  if (!found) throw new Refused(unknownSource(name));
  if (isOff(found)) throw new Refused(off(found.name, found.off));
  if ((context.params["secret"] !== undefined) !== found.secretInPath && context.params["secret"] !== undefined) {
    throw new Refused(wrongAddress(name));
  }
  return found;
}

/** Keeps what was refused and why, and makes the sender's answer of it. */
function refused(parts: SourceParts, context: Context, met: Met, error: unknown): unknown {
  const refusal = refusalOf(error);
  if (refusal === null) return error;
  const proved = PROVED.has(refusal.reason);
  const wait = proved ? 0 : context.countStranger().retryAfter;
  const { headers } = context.request;
  const known = parts.channels.has(met.name);
  parts.counts.refused(known ? met.name : "(none)", refusal.reason);
  parts.refusals.record({
    request_id: context.request_id,
    at: met.at,
    source: known ? met.name : likely(met.name, [...parts.channels.keys()]),
    reason: refusal.reason,
    detail: refusal.detail,
    fix: refusal.fix,
    client: context.client,
    size: met.size,
    ...(met.channel?.label(headers) ?? { delivery_id: null, event: null }),
  });
  if (wait > 0) return problemOf(tooMany(wait), met.channel?.kind, error);
  return error instanceof Problem ? error : problemOf(refusal, met.channel?.kind, error);
}

/** A name that was mistyped. Any other is not repeated: it may be a secret whose source was left out of the address. */
function likely(name: string, known: readonly string[]): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(name) && nearest(name, known) !== undefined ? name : "(unknown)";
}

/** A callback whose address is a source of a gateway would be answered, and the answer too, without end. */
function unanswered(event: ChannelEvent): ChannelEvent {
  return { ...event, stored: "an answer that a gateway sent" };
}

/** Counted as any request that proves nothing. */
function onlyPost(context: Context, name: string): never {
  const wait = context.countStranger().retryAfter;
  if (wait > 0) throw problemOf(tooMany(wait), undefined, null);
  throw new Problem("method_not_allowed", {
    detail: `Deliveries of "${name}" come by POST.`,
    headers: { Allow: "POST" },
  });
}
