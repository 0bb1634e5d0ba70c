import type { Json } from "../lib/json.ts";
import type { TomlRange, TomlValue } from "./toml-map.ts";
import { tomlValue } from "./toml-value.ts";

const WIDEST_LIST = 100;

/**
 * The text of a list that holds `wanted` instead of `current`. Items that stay keep their text, their line and their
 * comments; an item that goes takes the comment on its line with it; new ones come last.
 */
export function editList(text: string, list: TomlValue, current: readonly unknown[], wanted: readonly Json[]): string {
  const kept = keptItems(current, wanted);
  const added = wanted.slice(kept.size).map(tomlValue);
  const items = list.items.filter((_, i) => kept.has(i));
  if (text.slice(list.start, list.end).includes("\n")) return editLines(text, list, items, added);
  const all = [...items.map(({ start, end }) => text.slice(start, end)), ...added];
  const line = `[${all.join(", ")}]`;
  if (all.length < 2 || line.length <= WIDEST_LIST) return line;
  // One item a line leaves room for a comment on each.
  const eol = lineEnding(text);
  return `[${eol}${all.map((item) => `  ${item},${eol}`).join("")}]`;
}

/** The line ending that the document uses. */
export function lineEnding(text: string): "\r\n" | "\n" {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

/** The places in `current` of the items that `wanted` begins with, in their order. */
function keptItems(current: readonly unknown[], wanted: readonly Json[]): ReadonlySet<number> {
  const kept = new Set<number>();
  for (const [i, item] of current.entries()) {
    if (kept.size < wanted.length && Bun.deepEquals(item, wanted[kept.size], true)) kept.add(i);
  }
  return kept;
}

function editLines(text: string, list: TomlValue, items: readonly TomlRange[], added: readonly string[]): string {
  const changes: { readonly start: number; readonly end: number; readonly insert: string }[] = [];
  for (const item of list.items) {
    if (!items.includes(item)) changes.push({ ...rangeToRemove(text, list, item), insert: "" });
  }
  const last = items.at(-1);
  if (added.length > 0) {
    changes.push(insertion(text, list, last, added));
    // Behind the insertion in this list, so that it ends up in front of it where both are made at the same place.
    if (last && commaAfter(text, last.end) === null) changes.push({ start: last.end, end: last.end, insert: "," });
  }
  let result = text.slice(list.start, list.end);
  for (const { start, end, insert } of changes.toSorted((a, b) => b.start - a.start)) {
    result = result.slice(0, start - list.start) + insert + result.slice(end - list.start);
  }
  return result;
}

/** The item with its comma, and its whole line when nothing else is on it. The comma before it may stay: TOML allows it. */
function rangeToRemove(text: string, list: TomlValue, item: TomlRange): TomlRange {
  const end = commaAfter(text, item.end) ?? item.end;
  const lineStart = text.lastIndexOf("\n", item.start) + 1;
  const rest = /^[ \t]*(?:#[^\n]*)?\r?\n/.exec(text.slice(end, list.end));
  const alone = lineStart > list.start && text.slice(lineStart, item.start).trim() === "";
  return alone && rest ? { start: lineStart, end: end + rest[0].length } : { start: item.start, end };
}

/** The offset behind the comma that follows an item; null when none does. */
function commaAfter(text: string, from: number): number | null {
  const match = /^(?:[ \t\r\n]|#[^\n]*\n)*,/.exec(text.slice(from));
  return match ? from + match[0].length : null;
}

function insertion(text: string, list: TomlValue, last: TomlRange | undefined, added: readonly string[]) {
  const closing = list.end - 1;
  const lineStart = text.lastIndexOf("\n", closing) + 1;
  if (text.slice(lineStart, closing).trim() !== "") {
    return { start: closing, end: closing, insert: ` ${added.join(", ")}` };
  }
  const indent = indentation(text, last?.start) ?? `${indentation(text, closing) ?? ""}  `;
  const eol = lineEnding(text);
  return { start: lineStart, end: lineStart, insert: added.map((item) => `${indent}${item},${eol}`).join("") };
}

/** The blanks in front of what stands at `offset`, when nothing else is in front of it. */
function indentation(text: string, offset: number | undefined): string | null {
  if (offset === undefined) return null;
  const before = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return before.trim() === "" ? before : null;
}
