/** The longest summary, in UTF-16 units. */
const MAX_SUMMARY = 200;

// Controls, bidi marks and overrides, invisible spaces and joiners, interlinear and tag characters: what can make a line
// look like something it is not, or carry text that nobody sees. ZWJ and ZWNJ stay: emoji and Persian need them.
const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** A stranger's text on one line of at most `max` UTF-16 units, without characters that nobody can see. May be empty. */
export function oneLine(text: string, max: number = MAX_SUMMARY): string {
  // Eight times the room is enough for text that is mostly blanks, and keeps a body of megabytes cheap.
  const head = text
    .trimStart()
    .slice(0, max * 8)
    .toWellFormed();
  const flat = head.replace(/\s+/gu, " ").replace(UNSEEN, "").replace(/ {2,}/g, " ").trim();
  return cut(flat, max);
}

/** `text`, or its beginning and `…`, in at most `max` UTF-16 units and never half a character. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = text.slice(0, max - 1);
  return `${/[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head}…`;
}

/** `812 bytes`, `1.2 KB`, `3.4 MB`; a KB is 1,024 bytes. */
export function humanBytes(size: number): string {
  if (size < 1_024) return size === 1 ? "1 byte" : `${size} bytes`;
  const kilo = size / 1_024;
  return kilo < 1_024 ? `${kilo.toFixed(1)} KB` : `${(kilo / 1_024).toFixed(1)} MB`;
}
