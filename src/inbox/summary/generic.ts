import { isObject } from "../../lib/json.ts";
import { field, firstText } from "./field.ts";

const TYPE_KEYS = ["type", "event", "event_type", "action"] as const;
const TEXT_KEYS = ["message", "text", "title", "content", "summary", "subject", "description", "Body", "body"] as const;
/** Where the words are when one of the above is an object: `{"message": {"text": "…"}}`. */
const INNER_KEYS = ["text", "body", "content", "title"] as const;

// A summary is shown in more places than the body it is made of.
const SECRET = /token|secret|passw|api_?key|auth|signature|credential/i;

const MAX_SCALARS = 8;

/** A line about JSON of which nothing is known. Never empty. */
export function summarizeJson(value: unknown): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "An empty JSON list";
    const first = isObject(value[0]) ? ofObject(value[0]) : scalar(value[0]);
    return `${value.length} ${value.length === 1 ? "item" : "items"}${first === "" ? "" : `: ${first}`}`;
  }
  if (!isObject(value)) return scalar(value) || "An empty JSON string";
  return ofObject(value) || "An empty JSON object";
}

/** A line about a form's fields. Never empty. */
export function summarizeForm(fields: ReadonlyMap<string, string>): string {
  const command = fields.get("command") ?? "";
  // Slack's slash commands (docs.slack.dev/interactivity/implementing-slash-commands).
  if (command.startsWith("/") && fields.has("response_url")) {
    return `Slack command ${command} from ${fields.get("user_name") ?? "somebody"}: ${fields.get("text") ?? ""}`;
  }
  // Twilio's messages (twilio.com/docs/messaging/guides/webhook-request).
  if (fields.has("MessageSid")) return `Message from ${fields.get("From") ?? "somebody"}: ${fields.get("Body") ?? ""}`;
  return ofObject(Object.fromEntries([...fields].slice(0, 64)));
}

function ofObject(value: Readonly<Record<string, unknown>>): string {
  const kind = firstText(value, TYPE_KEYS);
  const said = firstText(value, TEXT_KEYS) || innerText(value);
  if (said !== "") return kind === "" ? said : `${kind}: ${said}`;
  const rest = scalars(value, kind) || keysOf(value, kind);
  return kind !== "" && rest !== "" ? `${kind}: ${rest}` : kind || rest;
}

/** `JSON with user, items`: all that is left to say when nothing at the top is a word or a number. */
function keysOf(value: Readonly<Record<string, unknown>>, kind: string): string {
  const keys = Object.keys(value).filter((key) => value[key] !== kind);
  const shown = keys.slice(0, MAX_SCALARS).map((key) => key.slice(0, 40));
  return shown.length === 0 ? "" : `JSON with ${shown.join(", ")}`;
}

function innerText(value: Readonly<Record<string, unknown>>): string {
  for (const key of TEXT_KEYS) {
    const found = firstText(field(value, key), INNER_KEYS);
    if (found !== "") return found;
  }
  return "";
}

function scalars(value: Readonly<Record<string, unknown>>, kind: string): string {
  const parts: string[] = [];
  for (const [key, entry] of Object.entries(value)) {
    if (parts.length === MAX_SCALARS) break;
    const shown = entry === kind || SECRET.test(key) ? "" : scalar(entry);
    if (shown !== "") parts.push(`${key.slice(0, 40)}=${shown.slice(0, 80)}`);
  }
  return parts.join(", ");
}

function scalar(value: unknown): string {
  if (typeof value === "string") return value.slice(0, 1_000).trim();
  return typeof value === "number" || typeof value === "boolean" || value === null ? String(value) : "";
}
