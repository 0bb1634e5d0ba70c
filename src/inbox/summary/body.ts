import { decodeUtf8 } from "../../lib/json.ts";

/** What a delivery's bytes turned out to be, whatever its Content-Type said. */
export type Body =
  | { readonly kind: "empty" }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "form"; readonly fields: ReadonlyMap<string, string> }
  | { readonly kind: "text"; readonly text: string }
  /** Binary, or too large to be looked into. */
  | { readonly kind: "opaque" };

/** Larger bodies are stored and handed on like others, but not read for a line about them. */
const MAX_READ = 4 * 1024 * 1024;

/** Never throws: what cannot be parsed is text, what is no text is opaque. */
export function readBody(contentType: string, bytes: Uint8Array): Body {
  if (bytes.length === 0) return { kind: "empty" };
  if (bytes.length > MAX_READ) return { kind: "opaque" };
  const type = mediaType(contentType);
  const text = type.startsWith("multipart/") ? null : decodeUtf8(bytes);
  if (text === null || text.includes("\0")) return { kind: "opaque" };
  // `curl -d '{…}'` says it sends a form, so braces count for more than the header.
  const json = type.includes("json") || /^\s*[[{]/.test(text) ? parse(text) : undefined;
  if (json !== undefined) return { kind: "json", value: json };
  if (type === "application/x-www-form-urlencoded") return readForm(text);
  return text.trim() === "" ? { kind: "empty" } : { kind: "text", text };
}

/** The type without its parameters, in lower case: `text/plain` of `Text/Plain; charset=utf-8`. */
export function mediaType(contentType: string): string {
  return (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
}

function readForm(text: string): Body {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) if (!fields.has(name)) fields.set(name, value);
  // GitHub's and Slack's forms hold one field with the JSON that others send as the body.
  const payload = parse(fields.get("payload") ?? "");
  if (payload !== undefined) return { kind: "json", value: payload };
  return fields.size === 0 ? { kind: "empty" } : { kind: "form", fields };
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
