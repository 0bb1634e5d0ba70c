import { MAX_HELD } from "./markdown-inline.ts";

/** What a line is, from what it begins with. `length`: how much of it that takes; the text comes after. */
export type Block =
  | { readonly kind: "text" | "heading" | "quote"; readonly length: number }
  | { readonly kind: "item"; readonly length: number; readonly indent: string }
  /** Shown as it is: a line of a table. */
  | { readonly kind: "raw"; readonly length: number }
  | { readonly kind: "rule"; readonly length: number }
  | { readonly kind: "fence"; readonly length: number; readonly fence: Fence };

/** The beginning of a block of code. */
export interface Fence {
  readonly mark: string;
  readonly indent: string;
  /** The language, where it is named. */
  readonly info: string;
}

const TEXT: Block = { kind: "text", length: 0 };

/** What a line is; null while its beginning can still become something else. `whole`: all of the line is there. */
export function blockOf(line: string, whole: boolean): Block | null {
  if (line.length <= MAX_HELD) return decide(line, whole);
  return decide(line.slice(0, MAX_HELD), false) ?? TEXT;
}

function decide(line: string, whole: boolean): Block | null {
  const indent = /^[ \t]*/.exec(line)?.[0] ?? "";
  const rest = line.slice(indent.length);
  switch (rest[0]) {
    case undefined:
      return whole ? TEXT : null;
    case "#":
      return heading(rest, indent, whole);
    case ">":
      return quote(rest, indent, whole);
    case "`":
    case "~":
      return fence(rest, indent, whole);
    case "-":
    case "*":
    case "+":
    case "_":
      return item(rest, indent, whole);
    case "|":
      return { kind: "raw", length: 0 };
    default:
      return TEXT;
  }
}

function heading(rest: string, indent: string, whole: boolean): Block | null {
  const prefix = /^#{1,6}[ \t]+(?=[^ \t])/.exec(rest)?.[0];
  if (prefix !== undefined) return { kind: "heading", length: indent.length + prefix.length };
  return !whole && /^#{1,6}[ \t]*$/.test(rest) ? null : TEXT;
}

function quote(rest: string, indent: string, whole: boolean): Block | null {
  if (rest.length === 1 && !whole) return null;
  const space = rest[1] === " " || rest[1] === "\t" ? 1 : 0;
  return { kind: "quote", length: indent.length + 1 + space };
}

function item(rest: string, indent: string, whole: boolean): Block | null {
  // `- - -` and `***` can be a rule as long as nothing else comes.
  if (/^[-*+_ \t]*$/.test(rest)) {
    if (!whole) return null;
    if (/^([-*_])(?:[ \t]*\1){2,}[ \t]*$/.test(rest)) return { kind: "rule", length: 0 };
  }
  const bullet = /^[-*+][ \t]+/.exec(rest)?.[0];
  return bullet === undefined ? TEXT : { kind: "item", length: indent.length + bullet.length, indent };
}

function fence(rest: string, indent: string, whole: boolean): Block | null {
  const mark = /^(`+|~+)/.exec(rest)?.[0] ?? "";
  if (mark.length < 3) return !whole && mark.length === rest.length ? null : TEXT;
  const info = rest.slice(mark.length);
  // A backtick after the fence makes it a code span (CommonMark 4.5).
  if (mark[0] === "`" && info.includes("`")) return TEXT;
  if (!whole) return null;
  return { kind: "fence", length: indent.length + rest.length, fence: { mark, indent, info: info.trim() } };
}

/** Whether a line ends the block of code; null while it still can. */
export function closesFence(line: string, whole: boolean, { mark }: Fence): boolean | null {
  const rest = line.trim();
  const marks = new RegExp(`^\\${mark[0]}*$`).test(rest);
  if (!marks || line.length > MAX_HELD) return false;
  if (!whole) return null;
  return rest.length >= mark.length;
}
