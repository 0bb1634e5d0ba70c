const MAX_LENGTH = 64;
/** Control characters, and those that turn text around: a name must not draw on a terminal or pose as another. */
const UNPRINTABLE =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]/gu;

/** A device's name as it may be stored and shown: one line of at most 64 characters. Null when nothing is left. */
export function cleanName(text: string): string | null {
  const clean = text.replace(UNPRINTABLE, " ").replace(/\s+/g, " ").trim();
  // Cut between characters: half of a surrogate pair cannot be stored.
  const cut = clean
    .slice(0, MAX_LENGTH)
    .replace(/[\ud800-\udbff]$/, "")
    .trim();
  return cut === "" ? null : cut;
}
