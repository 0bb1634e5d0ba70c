// C0 and C1 controls move the cursor and rewrite the screen; the marks that turn text around make one line look like
// another (CVE-2021-42574); U+2028 and U+2029 end lines for some readers.
const BESIDES_LINES = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const ALL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text of strangers for a terminal: what would draw on it is shown as `\u001b`. Line feeds and tabs stay. */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(BESIDES_LINES, escaped);
}

/** The same on one line: line feeds and tabs are shown too. */
export function printableLine(text: string): string {
  return text.replace(ALL, escaped);
}

/** A JSON document for a terminal: the same document, in which nothing draws on it. Line feeds and blanks are its own. */
export function printableJson(json: string): string {
  return json.replace(BESIDES_LINES, escaped);
}

function escaped(char: string): string {
  if (char === "\n") return "\\n";
  if (char === "\r") return "\\r";
  if (char === "\t") return "\\t";
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
