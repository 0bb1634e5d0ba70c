import { isObject } from "../../lib/json.ts";
import { field, firstText, list, number, text } from "../summary/field.ts";
import { telegramUpdate } from "../summary/telegram.ts";
import type { Sheet } from "./sheet.ts";

/** What a person wrote. */
const TEXT = 8_000;

/** Writes what a message holds; false when the JSON is none of its service's. */
export type Message = (sheet: Sheet, value: unknown) => boolean;

/** WhatsApp's Cloud API: one message with its contact (developers.facebook.com/docs/whatsapp/cloud-api/webhooks). */
export const whatsappMessage: Message = (sheet, value) => {
  if (text(value, "object") !== "whatsapp_business_account") return false;
  const changes = list(value, "entry").flatMap((entry) => list(entry, "changes"));
  const change = changes.find((each) => list(each, "value", "messages").length > 0);
  const message = list(change, "value", "messages")[0];
  if (!isObject(message)) return false;
  const type = text(message, "type");
  sheet.say("Somebody wrote on WhatsApp:");
  sheet.fact("From", field(list(change, "value", "contacts")[0], "profile", "name"));
  sheet.fact("Number", firstText(message, ["from", "from_user_id"]));
  sheet.fact("Kind", type);
  sheet.fact("Answers the message", field(message, "context", "id"));
  sheet.text("Text", field(message, "text", "body"), TEXT);
  // Every other type keeps its words in an object named like the type.
  const content = type === "text" ? undefined : field(message, type);
  for (const [label, key] of WHATSAPP) sheet.fact(label, field(content, key));
  sheet.text("Caption", field(content, "caption"), TEXT);
  for (const reply of ["button_reply", "list_reply"]) {
    sheet.fact("Chosen", field(content, reply, "title"));
    sheet.fact("Id of the choice", field(content, reply, "id"));
    sheet.fact("Description", field(content, reply, "description"));
  }
  sheet.text("Form", field(content, "nfm_reply", "response_json"), 4_000);
  return true;
};

const WHATSAPP = [
  ["Button", "text"],
  ["Payload", "payload"],
  ["Reaction", "emoji"],
  ["To the message", "message_id"],
  ["File", "filename"],
  ["Type", "mime_type"],
  ["Media id", "id"],
  ["Place", "name"],
  ["Address", "address"],
  ["Latitude", "latitude"],
  ["Longitude", "longitude"],
] as const;

/** Slack's Events API (docs.slack.dev/apis/events-api). */
export const slackMessage: Message = (sheet, value) => {
  if (text(value, "type") !== "event_callback") return false;
  const event = field(value, "event");
  sheet.say("Something happened on Slack:");
  sheet.fact("Kind", text(event, "type").replaceAll("_", " "));
  sheet.fact("From", firstText(event, ["user", "username", "bot_id"]));
  sheet.fact("Channel", text(event, "channel") || text(event, "item", "channel"));
  sheet.fact("Thread", field(event, "thread_ts"));
  sheet.fact("Reaction", field(event, "reaction"));
  sheet.text("Text", field(event, "text"), TEXT);
  sheet.list(
    "Files",
    list(event, "files").map((file) => firstText(file, ["title", "name"])),
    10,
    120,
  );
  return true;
};

const TELEGRAM_MEDIA = ["photo", "video", "voice", "audio", "document", "sticker", "animation", "location"] as const;

/** Telegram's Bot API (core.telegram.org/bots/api#update). */
export const telegramMessage: Message = (sheet, value) => {
  const update = telegramUpdate(value);
  if (!update) return false;
  const { kind, content } = update;
  sheet.say("Something came from Telegram:");
  sheet.fact("Kind", kind.replaceAll("_", " "));
  sheet.fact("From", [text(content, "from", "first_name"), text(content, "from", "last_name")].join(" "));
  sheet.fact("User", field(content, "from", "username"));
  sheet.fact("Chat", text(content, "chat", "title") || text(content, "chat", "type"));
  const media = TELEGRAM_MEDIA.find((key) => field(content, key) !== undefined);
  sheet.fact("With", media);
  sheet.fact("File", field(content, "document", "file_name"));
  sheet.text("Answers this message", firstText(field(content, "reply_to_message"), ["text", "caption"]), 1_000);
  const key = ["text", "caption", "data", "query", "question"].find((each) => text(content, each).trim() !== "");
  if (key !== undefined) sheet.text("Text", field(content, key), TEXT);
  return true;
};

/** The fields of a form, as Slack's commands and Twilio's messages send them; false for forms of other senders. */
export function formMessage(sheet: Sheet, fields: ReadonlyMap<string, string>): boolean {
  const facts = fields.has("response_url") && fields.has("command") ? SLACK_COMMAND : twilioFacts(fields);
  if (facts === null) return false;
  const isSlack = facts === SLACK_COMMAND;
  sheet.say(isSlack ? "Somebody gave a command on Slack:" : "Something came from Twilio:");
  for (const [label, key] of facts) sheet.fact(label, fields.get(key));
  sheet.text("Text", fields.get(isSlack ? "text" : "Body"), TEXT);
  if (number({ media: Number(fields.get("NumMedia")) }, "media")) {
    sheet.list(
      "Media",
      [...fields].filter(([key]) => /^MediaUrl\d+$/.test(key)).map(([, url]) => url),
      10,
    );
  }
  return true;
}

/** docs.slack.dev/interactivity/implementing-slash-commands; `token` and `response_url` are secrets and stay out. */
const SLACK_COMMAND = [
  ["Command", "command"],
  ["From", "user_name"],
  ["Channel", "channel_name"],
] as const;

/** twilio.com/docs/messaging/guides/webhook-request, twilio.com/docs/voice/twiml#request-parameters */
function twilioFacts(fields: ReadonlyMap<string, string>): readonly (readonly [string, string])[] | null {
  if (!fields.has("MessageSid") && !fields.has("CallSid")) return null;
  return [
    ["From", "From"],
    ["Name", "ProfileName"],
    ["To", "To"],
    ["Status of the message", "MessageStatus"],
    ["Status of the call", "CallStatus"],
    ["Keys pressed", "Digits"],
    ["Said", "SpeechResult"],
  ];
}
