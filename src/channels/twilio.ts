import type { EventWithBody } from "../protocol/event.ts";
import type { Channel, SampleContext } from "./channel.ts";
import { contentTypeOf, customChannel, type SampleContent, type Told } from "./custom.ts";
import { text } from "./fields.ts";
import { labelOf } from "./label.ts";
import { badBody, formFields, isForm, parseJson } from "./payload.ts";
import type { ChannelValues } from "./values.ts";

const ID_HEADER = "i-twilio-idempotency-token";

const FIX = "Let Twilio send forms (its default) or the JSON of Event Streams to this address.";

type Fields = ReadonlyMap<string, string>;

/**
 * Twilio's messages, calls and what becomes of them. https://www.twilio.com/docs/messaging/guides/webhook-request,
 * https://www.twilio.com/docs/voice/twiml#request-parameters. Answered with TwiML that does nothing.
 */
export function twilioChannel(name: string, values: ChannelValues): Channel {
  return customChannel(name, "twilio", values, {
    tell(delivery, body) {
      const token = delivery.headers.get(ID_HEADER);
      if (isForm(contentTypeOf(delivery.headers))) return formEvent(formFields(body), token);
      const parsed = parseJson(body);
      if (!parsed.ok) return badBody(parsed.found, FIX);
      return jsonEvent(parsed.value, token);
    },
    quiet: whyQuiet,
    accepted: {
      status: 200,
      body: '<?xml version="1.0" encoding="UTF-8"?><Response/>',
      type: "text/xml; charset=utf-8",
    },
    label: (headers) => labelOf(headers.get(ID_HEADER), null),
    samples: { message, "message.delivered": delivered },
  });
}

function formEvent(fields: Fields, token: string | null): Told {
  const sid = first(fields, "MessageSid", "SmsSid", "CallSid");
  const status = first(fields, "MessageStatus", "SmsStatus", "CallStatus");
  const id = token || (sid === "" ? null : status === "" ? sid : `${sid}:${status}`);
  return { kind: "event", id, type: typeIn(fields), conversation: conversationOf(fields) };
}

/** Event Streams post a list of CloudEvents, mostly of one. */
function jsonEvent(value: unknown, token: string | null): Told {
  const event = Array.isArray(value) ? value[0] : value;
  const alone = !Array.isArray(value) || value.length === 1;
  return {
    kind: "event",
    id: token || (alone ? text(event, "id") : null),
    type: text(event, "type"),
    conversation: [],
  };
}

function typeIn(fields: Fields): string {
  const change = statusOf(fields);
  if (fields.has("MessageSid") || fields.has("SmsSid")) return change === null ? "message" : `message.${change}`;
  if (fields.has("CallSid")) return change === null ? "call" : `call.${change}`;
  return "event";
}

/** What became of a message or a call; null for one that comes in. */
function statusOf(fields: Fields): string | null {
  if (!fields.has("CallSid")) {
    const status = first(fields, "MessageStatus", "SmsStatus");
    return status === "" || status === "received" || status === "receiving" ? null : status;
  }
  const status = first(fields, "CallStatus");
  const comesIn = first(fields, "Direction") === "inbound" && status === "ringing";
  return status === "" || comesIn ? null : status;
}

/** With the person at the other end: the sender of what comes in, the receiver of what goes out. */
function conversationOf(fields: Fields): readonly string[] {
  const goesOut = fields.has("CallSid") ? first(fields, "Direction").startsWith("outbound") : statusOf(fields) !== null;
  const person = first(fields, goesOut ? "To" : "From");
  if (person === "") return [];
  const [, channel = "", number] = /^(?:([a-z]{1,20}):)?\+(\d{7,15})$/.exec(person) ?? [];
  if (number !== undefined) return channel === "" ? [number] : [channel, number];
  // Short codes have fewer digits; other names that could be taken for a number do not fit, and are hashed.
  return [/^\d{7,}$/.test(person) ? `=${person}` : person];
}

function whyQuiet(stored: EventWithBody): string | null {
  if (!isForm(stored.content_type)) return null;
  const status = statusOf(formFields(stored.body));
  return status === null ? null : "tells what became of a message or call";
}

/** The first of `names` that is there and not empty. */
function first(fields: Fields, ...names: readonly string[]): string {
  return names.map((name) => fields.get(name) ?? "").find((value) => value !== "") ?? "";
}

function message({ id }: SampleContext): SampleContent {
  return form(id, { SmsStatus: "received", Body: "A test delivery of zeroclaw.", NumMedia: "0" });
}

function delivered({ id }: SampleContext): SampleContent {
  return form(id, { SmsStatus: "delivered", MessageStatus: "delivered" });
}

function form(id: string, fields: Readonly<Record<string, string>>): SampleContent {
  const sid = "SM00000000000000000000000000000000";
  const all = { MessageSid: sid, SmsSid: sid, From: "+15555550100", To: "+15555550199", ApiVersion: "2010-04-01" };
  return {
    headers: { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "I-Twilio-Idempotency-Token": id },
    body: new URLSearchParams({ ...all, ...fields }).toString(),
  };
}
