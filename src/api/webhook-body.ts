import { jsonOf, textOf } from "../http/body.ts";
import type { Body } from "../inbox/summary/body.ts";
import { isObject } from "../lib/json.ts";
import type { EventWithBody } from "../protocol/event.ts";
import { Problem } from "../protocol/problem.ts";

export interface WebhookBody {
  /** The media type it is kept under. */
  readonly type: string;
  readonly body: Body;
}

/** The `source` of what comes to POST /webhook. */
export const WEBHOOK_SOURCE = "webhook";
/** A question came through POST /webhook, whose bodies are at most this large. */
const MAX_QUESTION = 65_536;
const FORM = "application/x-www-form-urlencoded";
const QUESTION_KEYS: ReadonlySet<string> = new Set(["message", "session_id", "stream"]);

/** The JSON of a body that is meant for the agent to answer: an object with no other keys than a question has; else null. */
export function questionIn(body: Body): Readonly<Record<string, unknown>> | null {
  if (body.kind !== "json" || !isObject(body.value)) return null;
  const keys = Object.keys(body.value);
  return keys.length > 0 && keys.every((key) => QUESTION_KEYS.has(key)) ? body.value : null;
}

/** The message of a stored question; null when the event is none. */
export function questionOf(event: EventWithBody): string | null {
  if (event.source !== WEBHOOK_SOURCE || event.size > MAX_QUESTION) return null;
  try {
    const message = questionIn(parseWebhook(event.content_type, event.body).body)?.["message"];
    return typeof message === "string" ? message : null;
  } catch {
    return null;
  }
}

/**
 * Reads an event's body as JSON, form or text. curl sends JSON as a form unless told otherwise, so a form that begins like
 * JSON and is JSON is taken as JSON. @throws Problem bad_json, bad_text, unsupported_media_type
 */
export function parseWebhook(contentType: string | null, bytes: Uint8Array): WebhookBody {
  const type = (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
  if (type === "application/json" || type.endsWith("+json"))
    return { type, body: { kind: "json", value: jsonOf(bytes) } };
  if (bytes.length === 0)
    throw new Problem("bad_json", { detail: "The body is empty: send an event as JSON, a form or text." });
  if (type === "" || type === FORM || type.startsWith("text/")) {
    const text = textOf(bytes);
    if (type === "" || type === FORM) {
      const value = maybeJson(text);
      if (value !== undefined) return { type: "application/json", body: { kind: "json", value } };
    }
    if (type === FORM) return { type, body: { kind: "form", fields: new Map(new URLSearchParams(text)) } };
    return { type: type || "text/plain", body: { kind: "text", text } };
  }
  throw new Problem("unsupported_media_type", {
    detail: `An event is JSON, a form or text (found "${type.slice(0, 100)}"). Send it as application/json.`,
  });
}

function maybeJson(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
