// Controls but line feeds and tabs, bidi marks and overrides, invisible spaces and joiners, interlinear and tag characters:
// what draws on a terminal, turns text around, or carries text that nobody sees. ZWJ and ZWNJ stay: emoji and Persian need them.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** A stranger's text with its lines, without characters that nobody can see; line ends become line feeds. */
export function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|\u2028|\u2029/g, "\n")
    .replace(UNSEEN, "");
}

/** `text`, or its beginning and `…`, in at most `max` UTF-16 units and never half a character. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = text.slice(0, max - 1);
  return `${/[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head}…`;
}
