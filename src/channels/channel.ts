import type { EventWithBody } from "../protocol/event.ts";
import type { Refusal } from "../protocol/refusal.ts";
import type { ReplyTarget } from "../protocol/reply.ts";

/** A request to a channel's address, before anything in it is believed. */
export interface Delivery {
  readonly headers: Headers;
  /** The address as the sender knows it, query included: Twilio signs it. */
  readonly url: string;
  /** The last part of `/webhook/{source}/{secret}`; null where there is none. */
  readonly pathSecret: string | null;
  /** Milliseconds since the epoch; freshness is judged by it, also when the body took long. */
  readonly received_at: number;
}

/** Checks one delivery over its raw bytes, while they come. */
export interface Verifier {
  update(bytes: Uint8Array): void;
  /** Null when the sender is who it should be. `body`: everything `update` was given, as one. Called once, at the end. */
  refusal(body: Uint8Array): Refusal | null;
}

/** One event of a verified delivery: most bring one, WhatsApp brings several. */
export interface ChannelEvent {
  /** `pull_request.opened`, `message`, `invoice.paid`: at most 128 characters. */
  readonly type: string;
  /** The sender's own id, constant when it sends again; null when it gives none. At most 255 characters. */
  readonly delivery_id: string | null;
  /** The conversation: begins with the channel's name, `[A-Za-z0-9._:-]{1,128}`. */
  readonly session_id: string;
  readonly content_type: string;
  /** The raw body, or this event's own share of one that brought several. */
  readonly body: Uint8Array;
  /** Why nobody answers it, as the settings are now: what `plan` would say. It is done as soon as it is stored. */
  readonly stored?: string;
}

/** What a verified delivery is. */
export type Reading =
  | { readonly kind: "events"; readonly events: readonly ChannelEvent[] }
  /** Nothing to store: a handshake, or an event that the configuration filters out. */
  | { readonly kind: "answer"; readonly answer: ChannelAnswer };

export interface ChannelAnswer {
  readonly status: 200 | 202;
  readonly body: string;
  readonly type: string;
}

/** What is done with a stored event when its turn comes. Decided then, so that a replay obeys the settings of its day. */
export type Plan =
  /** Stored only; `reason` is its recorded outcome. */
  | { readonly run: false; readonly reason: string }
  /** `reply`: where the answer goes; null: only to whoever watches. */
  | { readonly run: true; readonly reply: ReplyTarget | null };

/** A signed example, as the provider would send it. */
export interface Sample {
  /** What follows `/webhook/{source}`: "" or "/<secret>". */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface SampleContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Unique: becomes the delivery id. */
  readonly id: string;
  /** The address the delivery is sent to, as the channel will see it. */
  readonly url: string;
}

/** A configured source of events: knows how it proves itself, what it says, and what may be done with it. Holds no state. */
export interface Channel {
  /** The source: `github`, `whatsapp`, or the name in `[channels.<name>]`. */
  readonly name: string;
  /** `github`, `whatsapp`, or the scheme. */
  readonly kind: string;
  readonly maxBody: number;
  /** Whether `/webhook/{source}/{secret}` is its address. */
  readonly secretInPath: boolean;
  /** Headers that carry a secret and must not be stored, in lower case. */
  readonly secretHeaders: readonly string[];
  /** Begins to verify. What headers alone can tell is refused before a byte of the body is read. */
  verify(delivery: Delivery): Verifier | Refusal;
  /** Reads the body of a verified delivery. */
  read(delivery: Delivery, body: Uint8Array): Reading | Refusal;
  /** Answers a GET (WhatsApp's verification); absent where the provider sends none. */
  handshake?(query: URLSearchParams): ChannelAnswer | Refusal;
  /** What the provider is told of accepted events, if not 202 with the event's id. */
  readonly accepted?: ChannelAnswer;
  plan(event: EventWithBody): Plan;
  /** Makes an example delivery; `event` is one of `samples`, default the first. */
  sample(event: string | null, context: SampleContext): Sample;
  /** The names of the examples. */
  readonly samples: readonly string[];
  /** What the sender called a delivery, from headers alone: for refused ones. */
  label(headers: Headers): { readonly delivery_id: string | null; readonly event: string | null };
}

/** A configured channel that cannot be used: `off` says why. */
export interface ChannelOff {
  readonly name: string;
  readonly off: string;
}

export function isOff(channel: Channel | ChannelOff): channel is ChannelOff {
  return "off" in channel;
}

export function isRefusal(value: object): value is Refusal {
  return "reason" in value && "fix" in value;
}
