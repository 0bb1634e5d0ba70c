// Controls but line feeds and tabs, bidi marks and overrides, invisible spaces and joiners, tag characters: what draws on
// a terminal, turns text around, or hides in it. ZWJ and ZWNJ stay: emoji and Persian need them.
const UNSEEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** How the store marks the words that a search found. */
const FOUND = /\u0002([^\u0002\u0003]*)\u0003/;

/** Text of a stranger with its lines, without characters that nobody can see; line ends become line feeds. */
export function clean(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|\u2028|\u2029/g, "\n")
    .replace(UNSEEN, "");
}

/** The same for the middle of a line of Markdown, shown letter by letter: no links, images, HTML or emphasis. */
export function inline(text: string, max: number): string {
  return escaped(cut(oneLine(text.slice(0, max * 8)), max));
}

/** Text of a stranger as a code span. */
export function code(text: string, max = 160): string {
  const line = cut(oneLine(text.slice(0, max * 8)), max).replaceAll("`", "'");
  return line === "" ? "–" : `\`${line}\``;
}

/** A snippet of a search as one line of Markdown, with the words that were found in bold. */
export function marked(snippet: string, max: number): string {
  const line = cut(
    snippet
      .slice(0, max * 8)
      .replace(/\s+/g, " ")
      .trim(),
    max,
  );
  const [start = "", ...rest] = line.split(FOUND);
  // split() gives text and found words in turn.
  const shown = rest.map((piece, i) => (i % 2 === 0 ? bold(piece) : escaped(oneLine(piece, false))));
  return [escaped(oneLine(start, false)).trimStart(), ...shown].join("");
}

/**
 * The first lines of a text as a fenced block that the text cannot close. Says how many lines were left out;
 * `whole` is false when `text` is only the beginning of what there is.
 */
export function fence(text: string, language: string, { lines, width, whole }: FenceLimits): string {
  const all = clean(text).trimEnd().split("\n");
  const shown = all.slice(0, lines).map((line) => cut(line, width));
  const longest = Math.max(2, ...shown.flatMap((line) => line.match(/`+/g) ?? []).map((run) => run.length));
  const mark = "`".repeat(longest + 1);
  const block = [`${mark}${language}`, ...shown, mark].join("\n");
  if (!whole) return `${block}\nThese are the first ${shown.length} lines.`;
  return all.length <= lines ? block : `${block}\nThese are the first ${lines} of ${all.length} lines.`;
}

export interface FenceLimits {
  readonly lines: number;
  /** Longest line, in UTF-16 units. */
  readonly width: number;
  readonly whole: boolean;
}

/** `text`, or its beginning and `…`, in at most `max` UTF-16 units and never half a character. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = text.slice(0, max - 1);
  return `${/[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head}…`;
}

function bold(piece: string): string {
  const word = escaped(oneLine(piece));
  return word === "" ? "" : `**${word}**`;
}

function oneLine(text: string, trim = true): string {
  const line = clean(text).replace(/\s+/g, " ");
  return trim ? line.trim() : line;
}

/**
 * Backslashes before what CommonMark would read as markup inside a line (§2.4), and only there: these answers are read as
 * plain text too. Entities are markup: `&#x202e;` would become the character that `clean` took out.
 */
function escaped(text: string): string {
  return text.replace(
    /[`*[~]|\\(?=[!-/:-@[-`{-~]|$)|<(?=[A-Za-z/!?])|&(?=#?\w)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g,
    "\\$&",
  );
}
