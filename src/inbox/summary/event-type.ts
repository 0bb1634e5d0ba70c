import { isObject } from "../../lib/json.ts";
import type { Body } from "./body.ts";
import { field, list, text } from "./field.ts";
import { telegramUpdate } from "./telegram.ts";

// What goes into a column, a metric label and a command line: no blanks, no control characters, nothing long.
const SANE = /^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}$/;

const TYPE_KEYS = ["type", "event", "event_type", "action"] as const;
const TEXT_KEYS = ["message", "text", "content", "Body"] as const;

/**
 * The `type` of an event: `x-github-event` with the payload's action (`pull_request.opened`), else what the JSON calls
 * itself, else `message` for something that was said and `event` for all the rest. At most 64 characters of
 * `[A-Za-z0-9_.:/-]`. Names of `headers` are in lower case. Never throws.
 */
export function eventType(headers: Readonly<Record<string, string>>, body: Body): string {
  const name = headers["x-github-event"] ?? "";
  if (SANE.test(name)) return withAction(name, body);
  if (body.kind === "text") return "message";
  if (body.kind === "form") return TEXT_KEYS.some((key) => body.fields.has(key)) ? "message" : "event";
  if (body.kind !== "json" || !isObject(body.value)) return "event";
  return ofProvider(body.value) ?? ofKeys(body.value) ?? "event";
}

function withAction(name: string, body: Body): string {
  const action = body.kind === "json" ? text(body.value, "action") : "";
  const both = `${name}.${action}`;
  return SANE.test(action) && both.length <= 64 ? both : name;
}

/** Providers that keep the name of what happened in a place of their own. */
function ofProvider(value: Readonly<Record<string, unknown>>): string | null {
  if (text(value, "object") === "whatsapp_business_account") {
    const changes = list(value, "entry").flatMap((entry) => list(entry, "changes"));
    return changes.some((change) => list(change, "value", "messages").length > 0) ? "message" : "status";
  }
  if (text(value, "type") === "event_callback") {
    const inner = text(value, "event", "type");
    return SANE.test(inner) ? inner : null;
  }
  return telegramUpdate(value)?.kind ?? null;
}

function ofKeys(value: Readonly<Record<string, unknown>>): string | null {
  for (const key of TYPE_KEYS) {
    const found = field(value, key);
    if (typeof found === "string" && SANE.test(found)) return found;
  }
  return TEXT_KEYS.some((key) => text(value, key) !== "") ? "message" : null;
}
