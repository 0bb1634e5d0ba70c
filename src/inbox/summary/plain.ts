import { clean, cut } from "../../lib/plain-text.ts";

/** The longest summary, in UTF-16 units. */
const MAX_SUMMARY = 200;

/** A stranger's text on one line of at most `max` UTF-16 units, without characters that nobody can see. May be empty. */
export function oneLine(text: string, max: number = MAX_SUMMARY): string {
  // Eight times the room is enough for text that is mostly blanks, and keeps a body of megabytes cheap.
  const head = clean(text.trimStart().slice(0, max * 8));
  return cut(head.replace(/\s+/g, " ").trim(), max);
}

/** `812 bytes`, `1.2 KB`, `3.4 MB`; a KB is 1,024 bytes. */
export function humanBytes(size: number): string {
  if (size < 1_024) return size === 1 ? "1 byte" : `${size} bytes`;
  const kilo = size / 1_024;
  return kilo < 1_024 ? `${kilo.toFixed(1)} KB` : `${(kilo / 1_024).toFixed(1)} MB`;
}
