import { type TextStyle, within } from "./markdown-style.ts";

/**
 * What opens something and is not closed within so many characters is text: so little is held back at most, and an answer
 * full of stars costs no more than any other.
 */
export const MAX_HELD = 1_000;

export interface Inline {
  readonly out: string;
  /** How much of the text `out` stands for. What is left means nothing certain before more of the line is there. */
  readonly used: number;
}

/** A construct that was read: how it looks, and where it ends in the text. `null`: it is none. `"more"`: not to be told yet. */
type Found = { readonly out: string; readonly end: number } | null | "more";

/** A piece of one line. */
interface Piece {
  readonly text: string;
  /** Nothing of the line comes after `text`. */
  readonly whole: boolean;
  /** The character before `text`; empty at the beginning of the line. */
  readonly before: string;
  readonly outer: readonly TextStyle[];
}

const PLAIN = /[^\\`*_[!]+/y;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const WORD = /[\p{L}\p{N}]/u;
const SPACE = /\s/;

/**
 * The emphasis, code and links of a line, as much as is certain: what comes later in the line changes nothing of `out`. A
 * subset of CommonMark; what is not in it is shown as it was written.
 */
export function renderInline(piece: Piece): Inline {
  const { text } = piece;
  let out = "";
  let at = 0;
  while (at < text.length) {
    PLAIN.lastIndex = at;
    const plain = PLAIN.exec(text)?.[0];
    if (plain !== undefined) {
      out += plain;
      at += plain.length;
      continue;
    }
    const found = construct(piece, at);
    if (found === "more" && text.length - at < MAX_HELD) break;
    if (found === null || found === "more") {
      const run = literalRun(piece, at);
      out += text.slice(at, at + run);
      at += run;
    } else {
      out += found.out;
      at = found.end;
    }
  }
  return { out, used: at };
}

/** How many characters from `at` are text, as the opener there is none. */
function literalRun({ text }: Piece, at: number): number {
  const char = text[at];
  return char === "*" || char === "_" || char === "`" ? Math.min(runLength(text, at), MAX_HELD) : 1;
}

function construct(piece: Piece, at: number): Found {
  const limited = limit(piece, at);
  switch (piece.text[at]) {
    case "\\":
      return escaped(limited, at);
    case "`":
      return code(limited, at);
    case "[":
      return link(limited, at);
    case "!":
      return image(limited, at);
    default:
      return emphasis(limited, at);
  }
}

/** Looks no further than MAX_HELD, so that the answer is the same however much of the line is there. */
function limit(piece: Piece, at: number): Piece {
  if (piece.text.length - at < MAX_HELD) return piece;
  return { ...piece, text: piece.text.slice(0, at + MAX_HELD), whole: false };
}

function escaped({ text, whole }: Piece, at: number): Found {
  const next = text[at + 1];
  if (next === undefined) return whole ? null : "more";
  return ESCAPABLE.test(next) ? { out: next, end: at + 2 } : null;
}

function code(piece: Piece, at: number): Found {
  const { text, outer } = piece;
  const end = codeEnd(piece, at);
  if (end === null || end === "more") return end;
  const ticks = runLength(text, at);
  const inside = text.slice(at + ticks, end - ticks);
  // One space on each side keeps backticks in code apart from the fence (CommonMark 6.1).
  const padded = inside.startsWith(" ") && inside.endsWith(" ") && inside.trim() !== "";
  return { out: within(outer, "code", padded ? inside.slice(1, -1) : inside), end };
}

/** Where the code span that begins at `at` ends. */
function codeEnd({ text, whole }: Piece, at: number): number | null | "more" {
  const ticks = runLength(text, at);
  if (at + ticks === text.length && !whole) return "more";
  for (let i = text.indexOf("`", at + ticks); i >= 0; i = text.indexOf("`", i)) {
    const run = runLength(text, i);
    if (i + run === text.length && !whole) return "more";
    if (run === ticks) return i + run;
    i += run;
  }
  return whole ? null : "more";
}

function image(piece: Piece, at: number): Found {
  const next = piece.text[at + 1];
  if (next === undefined) return piece.whole ? null : "more";
  return next === "[" ? link(piece, at + 1) : null;
}

/** `[text](address)` with its bracket at `at`. */
function link({ text, whole, outer }: Piece, at: number): Found {
  const more = whole ? null : "more";
  const middle = bracketEnd(text, at);
  if (middle < 0) return more;
  if (text[middle + 1] === undefined) return more;
  if (text[middle + 1] !== "(") return null;
  const end = text.indexOf(")", middle + 2);
  if (end < 0) return more;
  const [label, address] = [text.slice(at + 1, middle), text.slice(middle + 2, end)];
  const styled: readonly TextStyle[] = [...outer, "underline"];
  const shown = renderInline({ text: label, whole: true, before: "[", outer: styled }).out;
  const linked = label === "" ? "" : within(outer, "underline", shown);
  if (label === address) return { out: linked, end: end + 1 };
  return { out: `${linked}${label === "" ? "" : " "}(${address})`, end: end + 1 };
}

/** The bracket that closes the one at `at`; brackets within are counted. -1: not there. */
function bracketEnd(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "[") depth += 1;
    else if (text[i] === "]") {
      depth -= 1;
      if (depth === 0) return i;
    }
  }
  return -1;
}

/** `*italic*`, `**bold**` and the same with underscores, which mean nothing within words. */
function emphasis(piece: Piece, at: number): Found {
  const { text, whole, before, outer } = piece;
  const char = text[at]!; // whoever calls has looked at it
  const run = runLength(text, at);
  const next = text[at + run];
  if (next === undefined) return whole ? null : "more";
  if (SPACE.test(next) || run > 3) return null;
  if (char === "_" && WORD.test(text[at - 1] ?? before)) return null;
  const marks = run === 1 ? 1 : 2;
  const end = emphasisEnd(piece, at + marks, char, marks);
  if (end === null || end === "more") return end;
  const style: TextStyle = marks === 1 ? "italic" : "bold";
  const inside = { text: text.slice(at + marks, end - marks), whole: true, before: char, outer: [...outer, style] };
  return { out: within(outer, style, renderInline(inside).out), end };
}

/** Where emphasis with that many marks ends, having begun before `from`. Code and escapes within are passed over. */
function emphasisEnd(piece: Piece, from: number, char: string, marks: 1 | 2): number | null | "more" {
  const { text, whole } = piece;
  let at = from;
  // Of `***` the third mark belongs to what is inside.
  at += runLength(text, at, char);
  while (at < text.length) {
    const here = text[at];
    if (here === "\\") at += 2;
    else if (here === "`") {
      const end = codeEnd(piece, at);
      if (end === "more") return "more";
      at = end ?? at + runLength(text, at);
    } else if (here === char) {
      const run = runLength(text, at);
      const next = text[at + run];
      if (next === undefined && !whole) return "more";
      if (closes(text, at, run, next, marks)) return at + run;
      at += run;
    } else at += 1;
  }
  return whole ? null : "more";
}

function closes(text: string, at: number, run: number, next: string | undefined, marks: 1 | 2): boolean {
  if (SPACE.test(text[at - 1] ?? " ")) return false;
  if (text[at] === "_" && next !== undefined && WORD.test(next)) return false;
  return marks === 2 ? run === 2 || run === 3 : run === 1 || run === 3;
}

function runLength(text: string, at: number, char: string | undefined = text[at]): number {
  let end = at;
  while (end < text.length && text[end] === char) end += 1;
  return end - at;
}
