import { isObject } from "../lib/json.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { Channel, SampleContext } from "./channel.ts";
import { contentTypeOf, customChannel, type SampleContent } from "./custom.ts";
import { field, list, text } from "./fields.ts";
import { badBody, formFields, isForm, type Parsed, parseJson } from "./payload.ts";
import type { ChannelValues } from "./values.ts";

const FIX = "Let Slack's Event Subscriptions, Interactivity or Slash Commands call this address, and nothing else.";

/** Messages that people write; every other subtype tells of joins, edits, topics and the like. */
const SAID = new Set(["", "file_share", "thread_broadcast", "me_message"]);

/**
 * Slack's Events API, slash commands and interactions. https://docs.slack.dev/apis/events-api,
 * https://docs.slack.dev/interactivity. A second delivery after X-Slack-Retry-Num has the same event_id.
 */
export function slackChannel(name: string, values: ChannelValues): Channel {
  return customChannel(name, "slack", values, {
    tell(delivery, body) {
      const parsed = slackPayload(contentTypeOf(delivery.headers), body);
      if (!parsed.ok) return badBody(parsed.found, FIX);
      const type = text(parsed.value, "type");
      if (type === "url_verification") {
        const challenge = text(parsed.value, "challenge");
        if (challenge === "" || challenge.length > 1_024) return badBody("has no usable challenge", FIX);
        return { kind: "answer", answer: { status: 200, body: challenge, type: "text/plain; charset=utf-8" } };
      }
      const { id, kind } = namesOf(parsed.value);
      return { kind: "event", id, type: kind, conversation: conversationOf(parsed.value) };
    },
    quiet: whyQuiet,
    // Slack shows the answer to a slash command's author: an empty one shows nothing.
    accepted: { status: 200, body: "", type: "text/plain; charset=utf-8" },
    samples: { message, url_verification: urlVerification },
  });
}

/** JSON; or a form with the JSON in `payload` (interactions); or a form as it is (slash commands). */
function slackPayload(contentType: string, body: Uint8Array): Parsed {
  if (!isForm(contentType)) return object(parseJson(body));
  const fields = formFields(body);
  const payload = fields.get("payload");
  if (payload !== undefined) return object(parseJson(Buffer.from(payload)));
  return { ok: true, value: Object.fromEntries(fields) };
}

function object(parsed: Parsed): Parsed {
  return parsed.ok && !isObject(parsed.value) ? { ok: false, found: "is not a JSON object" } : parsed;
}

function namesOf(payload: unknown): { readonly id: string | null; readonly kind: string } {
  const type = text(payload, "type");
  if (type === "event_callback") return { id: text(payload, "event_id"), kind: text(payload, "event", "type") };
  const id = text(payload, "trigger_id");
  if (text(payload, "command") !== "") return { id, kind: "slash_command" };
  return { id, kind: type };
}

/** A thread, also when its first message comes alone; a direct conversation as a whole; else the channel. */
function conversationOf(payload: unknown): readonly string[] {
  if (text(payload, "type") !== "event_callback") return interactionOf(payload);
  const event = field(payload, "event");
  const channel = text(event, "channel") || text(event, "channel", "id") || text(event, "item", "channel");
  if (channel === "") return [];
  const direct = text(event, "channel_type") === "im" || channel.startsWith("D");
  const said = text(event, "type") === "message" || text(event, "type") === "app_mention";
  const changed = text(event, "message", "thread_ts") || text(event, "message", "ts");
  const thread = text(event, "thread_ts") || (said && !direct ? changed || text(event, "ts") : "");
  return thread === "" ? [channel] : [channel, thread];
}

function interactionOf(payload: unknown): readonly string[] {
  const channel =
    text(payload, "channel", "id") || text(payload, "channel_id") || text(payload, "container", "channel_id");
  if (channel === "") return [];
  const message = field(payload, "message") ?? field(payload, "container");
  const thread = text(message, "thread_ts") || text(message, "ts") || text(message, "message_ts");
  return thread === "" ? [channel] : [channel, thread];
}

function whyQuiet(stored: EventWithBody): string | null {
  const parsed = slackPayload(stored.content_type, stored.body);
  if (!parsed.ok) return `its body ${parsed.found}`;
  const type = text(parsed.value, "type");
  if (type === "app_rate_limited") return "Slack tells of its own rate limit";
  if (type !== "event_callback") return null;
  const event = field(parsed.value, "event");
  if (isOfBot(parsed.value, event)) return "written by a bot";
  const subtype = text(event, "subtype");
  if (text(event, "type") === "message" && !SAID.has(subtype)) return "tells of a message, and is none";
  return null;
}

/** Also what another app posted: bots that answer each other never end. */
function isOfBot(payload: unknown, event: unknown): boolean {
  const marks = [event, field(event, "message"), field(event, "previous_message")];
  if (marks.some((at) => text(at, "bot_id") !== "" || isObject(field(at, "bot_profile")))) return true;
  if (text(event, "subtype") === "bot_message") return true;
  const user = text(event, "user") || text(event, "user", "id");
  const bots = list(payload, "authorizations").filter((entry) => field(entry, "is_bot") === true);
  return user !== "" && bots.some((entry) => text(entry, "user_id") === user);
}

function message({ id, now }: SampleContext): SampleContent {
  const seconds = Math.floor(now / 1_000);
  return json({
    token: "zeroclaw-test",
    team_id: "T0ZCTEST",
    api_app_id: "A0ZCTEST",
    event: {
      type: "message",
      channel: "C0ZCTEST",
      user: "U0ZCTEST",
      text: "A test delivery of zeroclaw.",
      ts: `${seconds}.000100`,
      event_ts: `${seconds}.000100`,
      channel_type: "channel",
    },
    type: "event_callback",
    event_id: id,
    event_time: seconds,
    authorizations: [{ team_id: "T0ZCTEST", user_id: "U0ZCBOT", is_bot: true }],
  });
}

function urlVerification({ id }: SampleContext): SampleContent {
  return json({ token: "zeroclaw-test", challenge: id, type: "url_verification" });
}

function json(value: unknown): SampleContent {
  return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}
