import {
  type Channel,
  type ChannelAnswer,
  type ChannelEvent,
  type Delivery,
  isOff,
  isRefusal,
} from "../channels/channel.ts";
import { type Answer, JSON_TYPE } from "../http/answer.ts";
import { announced } from "../http/body.ts";
import { keptHeaders } from "../inbox/kept-headers.ts";
import { newId } from "../lib/ids.ts";
import { Problem } from "../protocol/problem.ts";
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

/** Larger bodies of an address that has used up its window are not read before anything is proved. */
const SMALL = 65_536;

/** What a delivery is remembered by in `recent`. No source has a space in its name. */
export function recentKey(source: string, delivery_id: string): string {
  return `${source} ${delivery_id}`;
}

/** POST /webhook/{source}, and its aliases: verified over the raw bytes, stored, then acknowledged. */
export function source(parts: SourceParts, alias?: string): Handler {
  return async (context) => {
    const name = alias ?? context.params["source"] ?? "";
    const at = parts.clock.now();
    let channel: Channel | null = null;
    try {
      channel = openedChannel(parts, context, name);
      return await receive(parts, context, channel, at);
    } catch (error) {
      throw refused(parts, context, { name, channel, at }, error);
    }
  };
}

/** GET of the same addresses: the verification some providers send before they send anything else. */
export function handshake(parts: SourceParts, alias?: string): Handler {
  return (context) => {
    const name = alias ?? context.params["source"] ?? "";
    const at = parts.clock.now();
    let channel: Channel | null = null;
    try {
      channel = openedChannel(parts, context, name);
      if (!channel.handshake) return onlyPost(name);
      const found = channel.handshake(new URLSearchParams(context.queryText));
      if (isRefusal(found)) throw new Refused(found);
      return answerOf(found);
    } catch (error) {
      throw refused(parts, context, { name, channel, at }, error);
    }
  };
}

async function receive(parts: SourceParts, context: Context, channel: Channel, received_at: number): Promise<Answer> {
  const { request } = context;
  announced(request, channel.maxBody);
  const { headers } = request;
  const delivery: Delivery = {
    headers,
    url: parts.urlOf(context),
    pathSecret: context.params["secret"] ?? null,
    received_at,
  };
  const verifier = channel.verify(delivery);
  if (isRefusal(verifier)) throw new Refused(verifier);
  turnAwayLarge(context);
  const { bytes, release } = await context.heldBody(channel.maxBody, (chunk) => verifier.update(chunk));
  try {
    const refusal = verifier.refusal(bytes);
    if (refusal) throw new Refused(refusal);
    const wait = parts.spend(channel.name);
    if (wait > 0) throw new Refused(overBudget(channel.name, wait));
    const reading = channel.read(delivery, bytes);
    if (isRefusal(reading)) throw new Refused(reading);
    if (reading.kind === "answer") return answerOf(reading.answer);
    const kept = keptHeaders(headers, channel.secretHeaders, delivery.pathSecret);
    return await store(parts, channel, reading.events, kept, received_at);
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
  if (channel.accepted) return answerOf(channel.accepted);
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

/** What has proved nothing may not make the gateway read megabytes again and again. */
function turnAwayLarge(context: Context): void {
  const length = context.request.headers.get("content-length");
  if (length !== null && Number(length) <= SMALL) return;
  const { retryAfter } = context.stranger();
  if (retryAfter > 0) throw new Refused(tooMany(retryAfter));
}

interface Met {
  readonly name: string;
  readonly channel: Channel | null;
  readonly at: number;
}

/** Keeps what was refused and why, and makes the sender's answer of it. */
function refused(parts: SourceParts, context: Context, met: Met, error: unknown): unknown {
  const refusal = refusalOf(error);
  if (refusal === null) return error;
  const proved = PROVED.has(refusal.reason);
  const wait = proved ? 0 : context.countStranger().retryAfter;
  const { headers } = context.request;
  const shown = /^[a-z0-9][a-z0-9_-]{0,63}$/.test(met.name) ? met.name : "(invalid)";
  parts.counts.refused(
    met.channel ? met.channel.name : parts.channels.has(met.name) ? met.name : "(none)",
    refusal.reason,
  );
  parts.refusals.record({
    request_id: context.request_id,
    at: met.at,
    source: shown,
    reason: refusal.reason,
    detail: refusal.detail,
    fix: refusal.fix,
    client: context.client,
    size: sizeOf(headers),
    ...(met.channel?.label(headers) ?? { delivery_id: null, event: null }),
  });
  if (wait > 0) return problemOf(tooMany(wait), met.channel?.kind, error);
  return error instanceof Problem ? error : problemOf(refusal, met.channel?.kind, error);
}

function sizeOf(headers: Headers): number {
  const length = Number(headers.get("content-length") ?? 0);
  return Number.isSafeInteger(length) && length > 0 ? length : 0;
}

function onlyPost(name: string): never {
  throw new Problem("method_not_allowed", {
    detail: `Deliveries of "${name}" come by POST.`,
    headers: { Allow: "POST" },
  });
}
