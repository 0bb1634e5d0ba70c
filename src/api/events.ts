import { type Answer, json } from "../http/answer.ts";
import { decodeUtf8 } from "../lib/json.ts";
import { parseSince, rfc3339 } from "../lib/time.ts";
import { EVENT_STATES, type EventState, type EventWithBody } from "../protocol/event.ts";
import { Problem } from "../protocol/problem.ts";
import { eventRow } from "../protocol/rows.ts";
import type { EventFilter } from "../store/store.ts";
import { type Context, type Handler, notFound, queryNumber } from "./context.ts";
import type { ApiParts } from "./parts.ts";

/** Longer bodies are cut in the event's own answer; `/body` has them whole. */
const SHOWN_BYTES = 65_536;

/** GET /api/events: the inbox, newest first. */
export function listEvents({ store, clock }: Pick<ApiParts, "store" | "clock">): Handler {
  return async (context) => {
    const page = await store.events.list(filterOf(context, clock.now()));
    return json({ events: page.items.map(eventRow), next: page.next });
  };
}

/** GET /api/events/{id}: one event with what was received and what became of it. */
export function getEvent({ store }: Pick<ApiParts, "store">): Handler {
  return async (context) => {
    const event = await find(store, context);
    const attempts = await store.events.attempts(event.event_id);
    return json({
      ...eventRow(event),
      headers: event.headers,
      ...shownBody(event.body),
      attempts_log: attempts.map(({ at, outcome, detail }) => ({ at: rfc3339(at), outcome, detail })),
      ...(event.response === null ? {} : { response: event.response }),
    });
  };
}

/** GET /api/events/{id}/body: the bytes as they came. A stranger wrote them, so no browser may take them for a page. */
export function getEventBody({ store }: Pick<ApiParts, "store">): Handler {
  return async (context): Promise<Answer> => {
    const event = await find(store, context);
    return {
      status: 200,
      body: new Uint8Array(event.body),
      type: "application/octet-stream",
      headers: { "Content-Disposition": `attachment; filename="${event.event_id}.bin"` },
    };
  };
}

async function find(store: ApiParts["store"], context: Context): Promise<EventWithBody> {
  const event = await store.events.get(context.params["id"] ?? "");
  if (!event) throw notFound("Cannot find the event.");
  return event;
}

function filterOf(context: Context, now: number): EventFilter {
  const source = context.query("source");
  const q = context.query("q");
  const after = context.query("after");
  return {
    limit: queryNumber(context, "limit", 50, 1, 200),
    ...(source ? { source } : {}),
    ...(q ? { q } : {}),
    ...(after ? { after } : {}),
    ...stateOf(context.query("state")),
    ...sinceOf(context.query("since"), now),
  };
}

function stateOf(text: string | null): { state?: EventState } {
  if (!text) return {};
  const state = EVENT_STATES.find((known) => known === text);
  if (!state) {
    throw new Problem("bad_field", {
      detail: `"state" must be one of ${EVENT_STATES.join(", ")} (found "${text.slice(0, 40)}").`,
    });
  }
  return { state };
}

function sinceOf(text: string | null, now: number): { since?: number } {
  if (!text) return {};
  const since = parseSince(text, now);
  if (since === null) {
    throw new Problem("bad_field", {
      detail: `"since" must be a time such as 2026-11-22T12:00:00Z or a duration such as 24h (found "${text.slice(0, 40)}").`,
    });
  }
  return { since };
}

function shownBody(body: Uint8Array): object {
  const shown = body.subarray(0, SHOWN_BYTES);
  const truncated = body.length > SHOWN_BYTES;
  const cut = truncated ? { body_truncated: true } : {};
  // A cut may fall inside a character: what is left of that one is dropped.
  const text = decodeUtf8(shown) ?? (truncated ? decodeCut(shown) : null);
  if (text !== null && !text.includes("\u0000")) return { body: text, ...cut };
  return { body: Buffer.from(shown).toString("base64"), body_encoding: "base64", ...cut };
}

function decodeCut(bytes: Uint8Array): string | null {
  for (let dropped = 1; dropped <= 3; dropped += 1) {
    const text = decodeUtf8(bytes.subarray(0, bytes.length - dropped));
    if (text !== null) return text;
  }
  return null;
}
