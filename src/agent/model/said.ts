import { isObject } from "../../lib/json.ts";
import { clean, cut } from "../../lib/plain-text.ts";

const MAX_SAID = 300;

/** What a server's error body says, for a person: one line of at most 300 characters. Empty when it says nothing. */
export function saidIn(body: string, secrets: readonly string[]): string {
  return shown(messageIn(body), secrets);
}

/** What an object in the stream says is wrong, likewise. */
export function saidBy(value: unknown, secrets: readonly string[]): string {
  return shown(messageOf(value) ?? String(value instanceof Error ? value.message : JSON.stringify(value)), secrets);
}

/** A server's text as one line without control characters, quotes and `secrets`, which it may have sent back. */
export function shown(text: string, secrets: readonly string[], max = MAX_SAID): string {
  let line = clean(text).replace(/\s+/g, " ").replaceAll('"', "'").trim();
  // After everything that could put a secret together again, and before the cut, which could leave most of one.
  for (const secret of secrets) line = line.replaceAll(secret, "***");
  return cut(line, max);
}

/** The forms in which a server could send the key back. */
export function secretsOf(apiKey: string | null, base_url: string): readonly string[] {
  const url = URL.parse(base_url);
  const given = [apiKey, url?.password, ...(url?.searchParams.values() ?? [])];
  const known = given.filter((each): each is string => each !== null && each !== undefined && each !== "");
  return [...new Set(known.flatMap((each) => [each, encodeURIComponent(each), decoded(each)]))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function messageIn(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    return messageOf(value) ?? body;
  } catch {
    return /<(?:!doctype|html|head|body)\b/i.test(body.slice(0, 1_000)) ? textOfPage(body) : body;
  }
}

/** `{"error":{"message"}}` of OpenAI and Anthropic, `{"error":"…"}` of Ollama, `{"message"}` of others, FastAPI's `{"detail"}`. */
function messageOf(value: unknown, depth = 0): string | null {
  if (typeof value === "string") return value;
  if (depth > 4) return null;
  if (Array.isArray(value)) return messageOf(value[0], depth + 1); // Gemini's errors come in a list
  if (!isObject(value)) return null;
  for (const key of ["error", "message", "detail", "msg"]) {
    const said = messageOf(value[key], depth + 1);
    if (said !== null) return said;
  }
  return null;
}

function textOfPage(page: string): string {
  const title = page.match(/<title[^>]{0,200}>([^<]{1,500})/i)?.[1];
  return title ?? page.slice(0, 10_000).replace(/<[^>]{0,1000}>/g, " ");
}
