import type { EventWithBody } from "../../../src/protocol/event.ts";

/** A stored delivery with this body; objects become JSON. */
export function delivery(body: unknown, about: Partial<EventWithBody> = {}): EventWithBody {
  const bytes = body instanceof Uint8Array ? body : new TextEncoder().encode(textOf(body));
  return {
    event_id: "019aab00-0000-7000-8000-000000000001",
    source: "webhook",
    type: "event",
    delivery_id: null,
    state: "received",
    attempts: 1,
    session_id: "webhook",
    device_id: null,
    received_at: 0,
    updated_at: 0,
    size: bytes.length,
    content_type: "application/json",
    error: null,
    headers: {},
    body: bytes,
    purged: false,
    tries: 1,
    response: null,
    model: null,
    ...about,
  };
}

function textOf(body: unknown): string {
  return typeof body === "string" ? body : JSON.stringify(body);
}
