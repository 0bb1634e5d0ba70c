import { isObject } from "../lib/json.ts";
import type { Refusal } from "../protocol/refusal.ts";
import type { Channel } from "./channel.ts";
import { contentTypeOf, customChannel, type Dialect, type SampleContent } from "./custom.ts";
import { field } from "./fields.ts";
import { labelOf } from "./label.ts";
import { formFields, isForm, mediaType, parseJson } from "./payload.ts";
import type { Scheme } from "./signatures.ts";
import { type ChannelValues, textOf } from "./values.ts";
import { standardWebhooksId } from "./verify/standard-webhooks.ts";

/** Where JSON of an unknown sender says what it is about. */
const TYPE_KEYS = ["type", "event", "event_type", "action"] as const;

/** Schemes that say nothing of the body: it may be anything, and what it is called is settings. */
export function genericChannel(scheme: Scheme, name: string, values: ChannelValues): Channel {
  const names = namesIn(scheme, name, values);
  return customChannel(name, scheme, values, {
    tell(delivery, body) {
      // Parsed at most once, and only if a name may be in it.
      const payload = lazily(() => payloadOf(delivery.headers, body));
      const id = names.id(delivery.headers, payload);
      if (typeof id === "object" && id !== null) return id;
      return { kind: "event", id, type: names.type(delivery.headers, payload), conversation: [] };
    },
    label: (headers) => labelOf(names.headerId(headers), names.headerType(headers)),
    samples: { event: (context) => sampleEvent(values, context.id) },
  } satisfies Dialect);
}

type Payload = () => unknown;

function namesIn(scheme: Scheme, channel: string, values: ChannelValues) {
  const idHeader = textOf(values, "id_header");
  const idField = textOf(values, "id_field");
  const typeHeader = textOf(values, "type_header");
  const typeField = textOf(values, "type_field");
  const headerId = (headers: Headers): string | null => {
    if (idHeader !== null) return headers.get(idHeader);
    return scheme === "standard-webhooks" ? standardWebhooksId(headers) : idempotencyKey(headers);
  };
  const headerType = (headers: Headers) => (typeHeader === null ? null : headers.get(typeHeader));
  return {
    headerId,
    headerType,
    id(headers: Headers, payload: Payload): string | null | Refusal {
      if (idField !== null) return scalar(at(payload(), idField)) || missingId(channel, "id_field", idField);
      return headerId(headers) || (idHeader === null ? null : missingId(channel, "id_header", idHeader));
    },
    type(headers: Headers, payload: Payload): string {
      const named = headerType(headers) || (typeField === null ? "" : scalar(at(payload(), typeField)));
      return named || TYPE_KEYS.map((key) => scalar(field(payload(), key))).find((found) => found !== "") || "event";
    },
  };
}

/** Accepting it would take every repetition for a new delivery, and nobody would see why. */
function missingId(channel: string, setting: "id_header" | "id_field", name: string): Refusal {
  const where = setting === "id_header" ? `header "${name}"` : `field "${name}" that is a text or a number`;
  return {
    reason: "missing_delivery_id",
    code: "bad_request",
    detail: `The delivery has no ${where}, which tells it from others.`,
    fix: `Set "channels.${channel}.${setting}" to what the sender's documentation names, or unset it: then repetitions are not recognised.`,
  };
}

/** The Idempotency-Key, bare or as the draft writes it, in quotes. */
function idempotencyKey(headers: Headers): string | null {
  const key = headers.get("idempotency-key") ?? headers.get("x-idempotency-key");
  return key === null ? null : key.replace(/^"(.*)"$/, "$1");
}

/** JSON, or a form's fields as an object; undefined when the body is neither. */
function payloadOf(headers: Headers, body: Uint8Array): unknown {
  const type = contentTypeOf(headers);
  const first = body.find((byte) => byte > 0x20);
  // `curl -d '{…}'` says that it sends a form, so braces count for more than the header.
  if (first === 0x7b || first === 0x5b || mediaType(type).includes("json")) {
    const parsed = parseJson(body, "exact");
    if (parsed.ok) return parsed.value;
  }
  return isForm(type) ? Object.fromEntries(formFields(body)) : undefined;
}

function at(payload: unknown, path: string): unknown {
  const whole = isObject(payload) ? field(payload, path) : undefined; // a key may have a dot in it
  return whole === undefined ? field(payload, ...path.split(".")) : whole;
}

/** A text, or a number as a text; "" for anything else. */
function scalar(value: unknown): string {
  if (typeof value === "string") return value.trim();
  return typeof value === "number" && Number.isFinite(value) ? String(value) : "";
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Says its id and type wherever this channel looks for them. */
function sampleEvent(values: ChannelValues, id: string): SampleContent {
  const payload: Record<string, unknown> = { type: "event", message: "A test delivery of zeroclaw." };
  const headers: Record<string, string> = { "Content-Type": "application/json", "Idempotency-Key": id };
  const idHeader = textOf(values, "id_header");
  const idField = textOf(values, "id_field");
  const typeHeader = textOf(values, "type_header");
  const typeField = textOf(values, "type_field");
  if (idHeader !== null) headers[idHeader] = id;
  if (typeHeader !== null) headers[typeHeader] = "event";
  // A key with dots is found like a path, and needs no objects around it.
  if (idField !== null) payload[idField] = id;
  if (typeField !== null) payload[typeField] = "event";
  return { headers, body: JSON.stringify(payload) };
}
