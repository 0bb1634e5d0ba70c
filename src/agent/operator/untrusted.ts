import { clean, cut } from "../../lib/plain-text.ts";

/** How the store marks the words that a search found. */
const FOUND = /\u0002([^\u0002\u0003]*)\u0003/;

/** A stranger's text for the middle of a line of Markdown, shown letter by letter: no links, images, HTML or emphasis. */
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
