import { isObject } from "../../lib/json.ts";
import { field, firstText, number, text } from "./field.ts";

/** The fields an Update may have besides its `update_id` (core.telegram.org/bots/api#update), and what a line calls them. */
const KINDS = {
  message: "message",
  edited_message: "edited message",
  channel_post: "channel post",
  edited_channel_post: "edited channel post",
  business_message: "business message",
  message_reaction: "reaction",
  inline_query: "inline query",
  chosen_inline_result: "inline choice",
  callback_query: "button press",
  shipping_query: "shipping query",
  pre_checkout_query: "checkout query",
  poll: "poll",
  poll_answer: "poll answer",
  my_chat_member: "membership change",
  chat_member: "membership change",
  chat_join_request: "join request",
} as const;

const MEDIA = ["photo", "video", "voice", "audio", "document", "sticker", "animation", "location", "contact"] as const;

/** The kind of a Telegram update and what it holds; null when the JSON is no Telegram update. */
export function telegramUpdate(
  value: unknown,
): { readonly kind: keyof typeof KINDS; readonly content: unknown } | null {
  if (number(value, "update_id") === null) return null;
  for (const key of Object.keys(KINDS)) {
    const content = field(value, key);
    if (isObject(content)) return { kind: key as keyof typeof KINDS, content }; // Object.keys forgets the literal types
  }
  return null;
}

/** `Telegram message from Alice (@alice) in Team: hello`; null when the JSON is no Telegram update. */
export function summarizeTelegram(value: unknown): string | null {
  const update = telegramUpdate(value);
  if (!update) return null;
  const { kind, content } = update;
  const name = [text(content, "from", "first_name"), text(content, "from", "last_name")].join(" ").trim();
  const user = text(content, "from", "username");
  const who = [name, user === "" ? "" : name === "" ? `@${user}` : `(@${user})`].join(" ").trim();
  const where = text(content, "chat", "title");
  const said = firstText(content, ["text", "caption", "data", "query"]) || text(content, "question") || media(content);
  return [
    `Telegram ${KINDS[kind]}`,
    who === "" ? "" : ` from ${who}`,
    where === "" ? "" : ` in ${where}`,
    said === "" ? "" : `: ${said}`,
  ].join("");
}

function media(content: unknown): string {
  return MEDIA.find((key) => field(content, key) !== undefined) ?? "";
}
