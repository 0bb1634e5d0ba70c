import {
  type Channel,
  type ChannelAnswer,
  type ChannelEvent,
  type Delivery,
  isOff,
  isRefusal,
  type Plan,
  type Sample,
} from "../../src/channels/channel.ts";
import { openChannels } from "../../src/channels/channels.ts";
import type { ChannelValues } from "../../src/channels/values.ts";
import type { EventWithBody } from "../../src/protocol/event.ts";
import type { Refusal } from "../../src/protocol/refusal.ts";

export const NOW = Date.UTC(2026, 10, 22, 12);
export const URL_OF = (name: string) => `https://gateway.example/webhook/${name}`;
export const CONTEXT = { now: NOW, id: "0193-test", url: "" };

/** A channel that is on. */
export function open(name: string, values: ChannelValues): Channel {
  const channel = openChannels({ [name]: values }, new Map()).get(name);
  if (channel === undefined || isOff(channel)) throw new Error(`"${name}" is off: ${channel?.off}`);
  return channel;
}

export function delivery(name: string, headers: Readonly<Record<string, string>>, path = ""): Delivery {
  const pathSecret = path === "" ? null : decodeURIComponent(path.slice(1));
  return { headers: new Headers({ ...headers }), url: URL_OF(name) + path, pathSecret, received_at: NOW };
}

export type Outcome = readonly ChannelEvent[] | ChannelAnswer | Refusal;

/** Verifies and reads a delivery, the body in two pieces. */
export function deliver(channel: Channel, { path, headers, body }: Sample): Outcome {
  const given = delivery(channel.name, headers, path);
  const verifier = channel.verify(given);
  if (isRefusal(verifier)) return verifier;
  verifier.update(body.subarray(0, body.length >> 1));
  verifier.update(body.subarray(body.length >> 1));
  return verifier.refusal(body) ?? readOnly(channel, given, body);
}

/** What the channel makes of a body whose sender is proved. */
export function readBody(
  channel: Channel,
  body: unknown,
  headers: Readonly<Record<string, string>> = { "Content-Type": "application/json" },
): Outcome {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return readOnly(channel, delivery(channel.name, headers), bytes);
}

function readOnly(channel: Channel, given: Delivery, body: Uint8Array): Outcome {
  const reading = channel.read(given, body);
  if (isRefusal(reading)) return reading;
  return reading.kind === "events" ? reading.events : reading.answer;
}

export function isEvents(outcome: Outcome): outcome is readonly ChannelEvent[] {
  return Array.isArray(outcome);
}

export function events(outcome: Outcome): readonly ChannelEvent[] {
  if (isEvents(outcome)) return outcome;
  throw new Error(`Expected events, found ${JSON.stringify(outcome)}`);
}

/** The only event of a delivery. */
export function event(outcome: Outcome): ChannelEvent {
  const [first, ...more] = events(outcome);
  if (first === undefined || more.length > 0) throw new Error(`Expected one event, found ${events(outcome).length}`);
  return first;
}

/** An event as the store gives it back. */
export function stored(channel: Channel, { body, ...read }: ChannelEvent): EventWithBody {
  return {
    ...read,
    event_id: "0193",
    source: channel.name,
    state: "running",
    attempts: 1,
    tries: 1,
    device_id: null,
    received_at: NOW,
    updated_at: NOW,
    size: body.length,
    error: null,
    headers: {},
    body,
    purged: false,
    response: null,
    model: null,
  };
}

export function plan(channel: Channel, outcome: Outcome): Plan {
  return channel.plan(stored(channel, event(outcome)));
}

/** Why an event is not run; "" when it is. */
export function why(channel: Channel, outcome: Outcome): string {
  const planned = plan(channel, outcome);
  return planned.run ? "" : planned.reason;
}

export const SESSION_ID = /^[A-Za-z0-9._:-]{1,128}$/;
