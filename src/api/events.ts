import { type Answer, json } from "../http/answer.ts";
import { decodeUtf8 } from "../lib/json.ts";
import { rfc3339 } from "../lib/time.ts";
import { showFound } from "../protocol/check.ts";
import { EVENT_STATES, type EventWithBody } from "../protocol/event.ts";
import { Problem } from "../protocol/problem.ts";
import { eventRow, replyRow } from "../protocol/rows.ts";
import type { EventFilter } from "../store/store.ts";
import { type Context, type Handler, notFound, queryNumber } from "./context.ts";
import { timeOf, wordOf } from "./filters.ts";
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
    const replies = await store.replies.ofEvent(event.event_id);
    return json({
      ...eventRow(event),
      headers: event.headers,
      ...(event.purged ? { purged: true } : shownBody(event.body)),
      attempts_log: attempts.map(({ at, outcome, detail }) => ({ at: rfc3339(at), outcome, detail })),
      ...(event.response === null ? {} : { response: event.response }),
      replies: replies.map(replyRow),
    });
  };
}

/** GET /api/events/{id}/body: the bytes as they came. A stranger wrote them, so no browser may take them for a page. */
export function getEventBody({ store }: Pick<ApiParts, "store">): Handler {
  return async (context): Promise<Answer> => {
    const event = await find(store, context);
    if (event.purged) throw bytesGone(event.event_id);
    return {
      status: 200,
      body: new Uint8Array(event.body),
      type: "application/octet-stream",
      headers: { "Content-Disposition": `attachment; filename="${event.event_id}.bin"` },
    };
  };
}

function bytesGone(event_id: string): Problem {
  return new Problem("event_purged", {
    detail: `The event's headers and body were deleted: store.retention_days have passed, or somebody purged it. What became of it is at /api/events/${event_id}.`,
  });
}

async function find(store: ApiParts["store"], context: Context): Promise<EventWithBody> {
  const event = await store.events.get(context.params["id"] ?? "");
  if (!event) throw notFound("Cannot find the event.");
  return event;
}

function filterOf(context: Context, now: number): EventFilter {
  const [source, state, q, since, id, after] = ["source", "state", "q", "since", "id", "after"].map((name) =>
    context.query(name),
  );
  return {
    limit: queryNumber(context, "limit", 50, 1, 200),
    ...(source ? { source } : {}),
    ...(state ? { state: wordOf("state", state, EVENT_STATES) } : {}),
    ...(q ? { q } : {}),
    ...(since ? { since: timeOf("since", since, now) } : {}),
    ...(id ? { id: beginningOfId(id) } : {}),
    ...(after ? { after } : {}),
  };
}

function beginningOfId(text: string): string {
  if (/^[0-9a-f-]{1,36}$/i.test(text)) return text.toLowerCase();
  throw new Problem("bad_field", {
    detail: `"id" must be the beginning of an event's id, such as 0198f3a2-7c (found ${showFound(text)}).`,
  });
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
