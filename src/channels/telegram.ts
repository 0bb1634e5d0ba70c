import { sha256Hex } from "../lib/hash.ts";
import { isObject } from "../lib/json.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { Channel, SampleContext } from "./channel.ts";
import { customChannel, type SampleContent } from "./custom.ts";
import { field, text, whole } from "./fields.ts";
import { badBody, parseJson } from "./payload.ts";
import type { ChannelValues } from "./values.ts";

const FIX = "Let Telegram itself call this address: set it with setWebhook, and send nothing else there.";

/** Telegram's updates: https://core.telegram.org/bots/api#update. */
export function telegramChannel(name: string, values: ChannelValues): Channel {
  return customChannel(name, "telegram", values, {
    tell(_delivery, body) {
      const parsed = parseJson(body);
      if (!parsed.ok) return badBody(parsed.found, FIX);
      const id = whole(parsed.value, "update_id");
      if (id === null) return badBody('is not an update of Telegram\'s: it has no "update_id"', FIX);
      const { kind, content } = updateOf(parsed.value);
      return { kind: "event", id: String(id), type: kind, conversation: conversationOf(content) };
    },
    quiet: whyQuiet,
    samples: { message },
  });
}

interface Update {
  /** `message`, `callback_query`, …: the one field that stands beside the id. */
  readonly kind: string;
  readonly content: unknown;
}

function updateOf(update: unknown): Update {
  const found = isObject(update) ? Object.entries(update).find(([, value]) => isObject(value)) : undefined;
  return found ? { kind: found[0], content: found[1] } : { kind: "event", content: null };
}

/** The chat, and its topic where it has topics. What somebody writes to a business account is not what they write to the bot. */
function conversationOf(content: unknown): readonly string[] {
  const message = field(content, "message") ?? content; // of a pressed button
  const chat = whole(message, "chat", "id") ?? whole(content, "from", "id") ?? whole(content, "user", "id");
  if (chat === null) return [];
  const business = text(content, "business_connection_id");
  if (business !== "") return ["business", business, String(chat)];
  const topic = field(message, "is_topic_message") === true ? whole(message, "message_thread_id") : null;
  return topic === null ? [String(chat)] : [String(chat), String(topic)];
}

function whyQuiet(stored: EventWithBody): string | null {
  const parsed = parseJson(stored.body);
  if (!parsed.ok) return `its body ${parsed.found}`;
  const { content } = updateOf(parsed.value);
  return field(content, "from", "is_bot") === true ? "written by a bot" : null;
}

function message({ id, now }: SampleContext): SampleContent {
  const update = {
    // Telegram counts its updates; 52 bits of the id's hash are a number that no two tests share.
    update_id: Number.parseInt(sha256Hex(id).slice(0, 13), 16),
    message: {
      message_id: 1,
      from: { id: 1_000_001, is_bot: false, first_name: "Test", username: "zeroclaw_test" },
      chat: { id: 1_000_001, first_name: "Test", username: "zeroclaw_test", type: "private" },
      date: Math.floor(now / 1_000),
      text: "A test delivery of zeroclaw.",
    },
  };
  return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(update) };
}
