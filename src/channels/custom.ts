import type { EventWithBody } from "../protocol/event.ts";
import type { Refusal } from "../protocol/refusal.ts";
import {
  type Channel,
  type ChannelAnswer,
  type ChannelEvent,
  type Delivery,
  isRefusal,
  type Plan,
  type Reading,
  type SampleContext,
} from "./channel.ts";
import { type Label, noLabel } from "./label.ts";
import { deliveryIdOf, sessionOf, typeOf } from "./names.ts";
import { openSignature, type Scheme } from "./signatures.ts";
import { type ChannelValues, numberOf, textOf } from "./values.ts";

const MAX_BODY = 65_536;
const MAX_CONTENT_TYPE = 255;

/** What a delivery says of itself, as it says it. */
export interface Told {
  readonly kind: "event";
  readonly id: string | null;
  readonly type: string;
  /** What tells this conversation from the source's others; empty when the source is one. */
  readonly conversation: readonly string[];
}

/** What tells one kind of `[channels.<name>]` from another, beside its signature. */
export interface Dialect {
  /** Reads the body of a verified delivery. */
  tell(delivery: Delivery, body: Uint8Array): Told | (Reading & { readonly kind: "answer" }) | Refusal;
  /** Why a stored event is not given to the agent; null when it is. Absent: all are. */
  quiet?(event: EventWithBody): string | null;
  readonly accepted?: ChannelAnswer;
  label?(headers: Headers): Label;
  /** Examples by name, the default first. */
  readonly samples: Readonly<Record<string, (context: SampleContext) => SampleContent>>;
}

/** An example before it is signed. */
export interface SampleContent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A channel under a name of the operator's own. */
export function customChannel(name: string, scheme: Scheme, values: ChannelValues, dialect: Dialect): Channel {
  const signature = openSignature(scheme, name, values);
  const answers = textOf(values, "reply_url") !== null;
  const { accepted, samples } = dialect;
  return {
    name,
    kind: scheme,
    maxBody: numberOf(values, "max_body") ?? MAX_BODY,
    secretInPath: scheme === "path",
    secretHeaders: signature.secretHeaders,
    ...(accepted ? { accepted } : {}),
    verify: (delivery) => signature.verify(delivery),
    read(delivery, body) {
      const told = dialect.tell(delivery, body);
      if (isRefusal(told) || told.kind === "answer") return told;
      const event: ChannelEvent = {
        type: typeOf(told.type),
        delivery_id: deliveryIdOf(told.id),
        session_id: sessionOf(name, told.conversation),
        content_type: contentTypeOf(delivery.headers),
        body,
      };
      return { kind: "events", events: [event] };
    },
    plan: (event) => planOf(event, dialect, answers),
    sample: (event, context) => {
      const content = sampleOf(name, samples, event)(context);
      const body = Buffer.from(content.body);
      return { path: signature.path(), headers: { ...content.headers, ...signature.sign(body, context) }, body };
    },
    samples: Object.keys(samples),
    label: (headers) => dialect.label?.(headers) ?? noLabel(),
  };
}

/** The body's type as it is stored; bytes of an unknown kind when the sender does not say. */
export function contentTypeOf(headers: Headers): string {
  return (headers.get("content-type") ?? "application/octet-stream").slice(0, MAX_CONTENT_TYPE);
}

/** The outcome of an event whose body was deleted: what it said cannot be known any more. */
export const PURGED: Plan = { run: false, reason: "its bytes were deleted" };

/** Makes the example called `event`, or the first. @throws Error when there is none of that name */
export function sampleOf<T>(channel: string, samples: Readonly<Record<string, T>>, event: string | null): T {
  const name = event ?? Object.keys(samples)[0] ?? "";
  if (Object.hasOwn(samples, name)) return samples[name]!;
  throw new Error(
    `Cannot make an example of "${channel}": there is none called "${name}". Use ${Object.keys(samples).join(", ")}.`,
  );
}

function planOf(event: EventWithBody, dialect: Dialect, answers: boolean): Plan {
  if (event.purged) return PURGED;
  const reason = dialect.quiet?.(event) ?? null;
  return reason === null ? { run: true, reply: answers ? { kind: "callback" } : null } : { run: false, reason };
}
