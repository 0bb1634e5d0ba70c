import { sha256Hex } from "../lib/hash.ts";

const PART = /^[A-Za-z0-9._-]+$/;
const MAX_SESSION = 128;

/**
 * The session of a conversation: `whatsapp:1055501:15550100`. Different conversations have different sessions: a part holds
 * no colon, and what does not fit (other characters, nothing, over 128 in all) becomes `<source>::<hash of the parts>`,
 * which no other looks like, because there the part after the source is not empty.
 */
export function sessionOf(source: string, parts: readonly string[]): string {
  const plain = [source, ...parts].join(":");
  if (plain.length <= MAX_SESSION && parts.every((part) => PART.test(part))) return plain;
  return `${source}::${sha256Hex(JSON.stringify(parts)).slice(0, 40)}`;
}

/** A sender's id as it is compared and stored, at most 255 characters; what is longer or not printable becomes its hash. */
export function deliveryIdOf(id: string | null): string | null {
  if (id === null || id === "") return null;
  if (/^[\x21-\x7e]{1,255}$/.test(id) && !id.startsWith("sha256:")) return id;
  // As JSON, because half a surrogate pair has no UTF-8 of its own: two ids could share a hash.
  return `sha256:${sha256Hex(JSON.stringify(id))}`;
}

/** A sender's word for what happened, fit for a column, a label and a command line: `Push Hook` becomes `Push_Hook`. */
export function typeOf(name: string): string {
  const fit = name
    .slice(0, 256)
    .replace(/[^A-Za-z0-9_.:/-]+/g, "_")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 128);
  return fit === "" ? "event" : fit;
}
