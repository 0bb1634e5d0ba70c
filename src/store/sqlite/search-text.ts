import { decodeUtf8 } from "../../lib/json.ts";

const MAX_TEXT = 64 * 1024;
const MAX_BODY_BYTES = 16 * 1024;
const MAX_WORDS = 64;
/** Characters up to which a text's web addresses are words like the others. */
const ADDRESSES_UP_TO = 4 * 1024;
const ADDRESS = /https?:\/\/[^\s"\\<>]+/g;

/** The text of a search entry: what is beyond 64 Ki characters is not found. */
export function searchable(...parts: readonly string[]): string {
  const text = parts.map((part) => part.slice(0, MAX_TEXT)).join("\n");
  // These two mark what was found, so a stranger's text must not bring its own.
  return text.replace(/[\u0000\u0002\u0003]/g, " ");
}

/**
 * The first 16 KB of a body as text, or nothing when they are not UTF-8. Of a large one without its web addresses: they are
 * more than half of what GitHub sends, repeat what is said elsewhere in it, and cost half of the time of indexing it.
 */
export function bodyText(body: Uint8Array): string {
  const large = body.byteLength > MAX_BODY_BYTES;
  const text = decodeUtf8(large ? body.subarray(0, wholeCharacters(body, MAX_BODY_BYTES)) : body) ?? "";
  return text.length > ADDRESSES_UP_TO ? text.replace(ADDRESS, " ") : text;
}

/**
 * `words` as an FTS5 query that all of them must match, each as a phrase in quotes: no operator, column or prefix is
 * interpreted (https://www.sqlite.org/fts5.html#full_text_query_syntax). Null when there is no word. Words after the 64th
 * do not count: a query costs time for each.
 */
export function matchAll(words: string): string | null {
  const distinct = new Set<string>();
  // NUL would end the query for SQLite in the middle of a quotation.
  for (const word of words.slice(0, MAX_TEXT).split(/[\s\u0000]+/u)) {
    // Punctuation alone is no token, and a phrase without one would match nothing.
    if (/[\p{L}\p{N}\p{Co}]/u.test(word)) distinct.add(`"${word.replaceAll('"', '""')}"`);
    if (distinct.size === MAX_WORDS) break;
  }
  return distinct.size === 0 ? null : [...distinct].join(" ");
}

/** The greatest number of bytes up to `limit` that does not cut a character (RFC 3629 §3: 10xxxxxx continues one). */
function wholeCharacters(bytes: Uint8Array, limit: number): number {
  let end = limit;
  while (end > limit - 4 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return end;
}
