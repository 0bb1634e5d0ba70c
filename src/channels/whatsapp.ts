import { sameSecret, sha256Hex } from "../lib/hash.ts";
import { pickJson } from "../lib/json-scan.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { Refusal } from "../protocol/refusal.ts";
import type { Channel, ChannelAnswer, ChannelEvent, Delivery, Plan, Reading } from "./channel.ts";
import { contentTypeOf, PURGED, sampleOf } from "./custom.ts";
import { field, list, text, whole } from "./fields.ts";
import { noLabel } from "./label.ts";
import { deliveryIdOf, typeOf } from "./names.ts";
import { badBody, parseJson } from "./payload.ts";
import { type ChannelValues, listOf, numberOf, secretsOf, textOf } from "./values.ts";
import { signHubSignature, verifyHubSignature } from "./verify/hub-signature.ts";
import { type WhatsappItem, whatsappItems, whatsappSession } from "./whatsapp-items.ts";
import { senders, type WhatsappSettings, whatsappPlan } from "./whatsapp-plan.ts";
import { WHATSAPP_SAMPLES } from "./whatsapp-samples.ts";

/** Meta's own limit. */
const MAX_BODY = 3_145_728;
/** Meta gathers at most 1,000 changes; what brings far more was not made by it. */
const MAX_ITEMS = 5_000;
/** All shares of a batch together, whose envelope is repeated in each. */
const MAX_SHARES = 64 * 1_024 * 1_024;
const MAX_CHALLENGE = 1_024;

const FIX =
  "Subscribe this address to WhatsApp Business Accounts in Meta's App Dashboard (WhatsApp → Configuration), and to nothing else.";

/** `[channels.whatsapp]`: https://developers.facebook.com/docs/whatsapp/cloud-api/guides/set-up-webhooks */
export function whatsappChannel(name: string, values: ChannelValues): Channel {
  const settings = { channel: name, secrets: secretsOf(values, "app_secret"), escapedUnicode: true };
  const plan = { allowed: senders(listOf(values, "allowed_numbers")), phone: textOf(values, "phone_number_id") };
  return {
    name,
    kind: "whatsapp",
    maxBody: numberOf(values, "max_body") ?? MAX_BODY,
    secretInPath: false,
    secretHeaders: [],
    verify: (delivery) => verifyHubSignature(settings, delivery),
    read: (delivery, body) => read(name, plan, delivery, body),
    handshake: (query) => handshake(name, textOf(values, "verify_token"), query),
    accepted: { status: 200, body: '{"status":"accepted"}', type: "application/json; charset=utf-8" },
    plan: (event) => planOf(event, plan),
    sample(event, context) {
      const body = Buffer.from(JSON.stringify(sampleOf(name, WHATSAPP_SAMPLES, event)(context, plan.phone)));
      const headers = { "Content-Type": "application/json", "User-Agent": "facebookexternalua" };
      return { path: "", headers: { ...headers, ...signHubSignature(settings, body) }, body };
    },
    samples: Object.keys(WHATSAPP_SAMPLES),
    label: noLabel,
  };
}

/** Meta's check of the address. The answer is plain text: what a stranger sent must never be read as a page. */
function handshake(name: string, token: string | null, query: URLSearchParams): ChannelAnswer | Refusal {
  const fix =
    `Enter this address in Meta's App Dashboard (WhatsApp → Configuration → Webhook) with the same Verify token as in ` +
    `"channels.${name}.verify_token", which is neither the App secret nor an access token.`;
  const wrong = (detail: string): Refusal => ({ reason: "wrong_verify_token", code: "bad_verify_token", detail, fix });
  const given = query.get("hub.verify_token");
  if (query.get("hub.mode") !== "subscribe" || given === null) {
    return wrong('This is no verification of Meta\'s: "hub.mode=subscribe" or "hub.verify_token" is missing.');
  }
  if (token === null || !sameSecret(given, token)) return wrong("The verify token is not this channel's.");
  const challenge = query.get("hub.challenge") ?? "";
  if (challenge === "" || Buffer.byteLength(challenge) > MAX_CHALLENGE) {
    const detail = `"hub.challenge" is missing or longer than ${MAX_CHALLENGE} bytes.`;
    return { reason: "bad_body", code: "bad_request", detail, fix };
  }
  return { status: 200, body: challenge, type: "text/plain; charset=utf-8" };
}

function read(name: string, plan: WhatsappSettings, delivery: Delivery, body: Uint8Array): Reading | Refusal {
  const parsed = parseJson(body);
  if (!parsed.ok) return badBody(parsed.found, FIX);
  // Taken apart below, which costs a level of the stack for each level of the text.
  if (pickJson(body, {}) === null) return badBody("nests more than 1,000 levels deep", FIX);
  if (text(parsed.value, "object") !== "whatsapp_business_account" || !Array.isArray(field(parsed.value, "entry"))) {
    return badBody('has no "object": "whatsapp_business_account" and no list "entry"', FIX);
  }
  const items: WhatsappItem[] = [];
  for (const item of whatsappItems(parsed.value)) {
    if (items.length === MAX_ITEMS) return badBody(`brings more than ${MAX_ITEMS} messages and statuses`, FIX);
    items.push(item);
  }
  const [first] = items;
  if (first === undefined) {
    const answer = '{"status":"ignored","reason":"there is nothing in it"}';
    return { kind: "answer", answer: { status: 200, body: answer, type: "application/json; charset=utf-8" } };
  }
  // To the byte, where nothing has to be taken apart.
  if (items.length === 1) {
    return { kind: "events", events: [eventOf(name, plan, first, body, contentTypeOf(delivery.headers))] };
  }
  return shares(name, plan, items);
}

function shares(name: string, plan: WhatsappSettings, items: readonly WhatsappItem[]): Reading | Refusal {
  const events: ChannelEvent[] = [];
  let size = 0;
  for (const item of items) {
    const share = Buffer.from(JSON.stringify(item.alone()));
    size += share.length;
    if (size > MAX_SHARES) return badBody("repeats too much with each of its messages", FIX);
    events.push(eventOf(name, plan, item, share, "application/json"));
  }
  return { kind: "events", events };
}

function eventOf(
  name: string,
  settings: WhatsappSettings,
  found: WhatsappItem,
  body: Uint8Array,
  content_type: string,
): ChannelEvent {
  const type = found.kind === "other" ? typeOf(found.field) : found.kind;
  const plan = whatsappPlan(found, settings);
  const stored = plan.run ? {} : { stored: plan.reason };
  const session_id = whatsappSession(name, found);
  return { type, delivery_id: deliveryIdOf(idOf(found)), session_id, content_type, body, ...stored };
}

/** Meta numbers no deliveries, so what it brings is told apart by what is in it; null where nothing in it is unique. */
function idOf({ kind, field: name, item, alone }: WhatsappItem): string | null {
  const id = text(item, "id");
  switch (kind) {
    case "message":
      return id;
    case "status":
      return id === "" ? null : `status:${id}:${text(item, "status")}:${scalar(field(item, "timestamp"))}`;
    case "error":
      return null;
    case "other": {
      const share = alone();
      // With its time, equal bytes are the same change again; without, they may be two.
      const dated = list(share, "entry").some((entry) => whole(entry, "time") !== null);
      return dated ? `${typeOf(name)}:${sha256Hex(JSON.stringify(share))}` : null;
    }
  }
}

function scalar(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

function planOf(event: EventWithBody, settings: WhatsappSettings): Plan {
  if (event.purged) return PURGED;
  const parsed = parseJson(event.body);
  if (!parsed.ok) return { run: false, reason: `its body ${parsed.found}` };
  const [item] = whatsappItems(parsed.value);
  return item ? whatsappPlan(item, settings) : { run: false, reason: "there is nothing in it" };
}
