import { isObject, type Json } from "../lib/json.ts";
import { pathOf } from "./keys.ts";
import { editList, lineEnding } from "./toml-list.ts";
import { mapToml, samePath, startsWith, type TomlEntry, type TomlMap } from "./toml-map.ts";
import { isTomlTable, parseToml } from "./toml-read.ts";
import { tomlKey, tomlValue } from "./toml-value.ts";
import { verifyEdit } from "./toml-verify.ts";

/** Dotted key → what it becomes; undefined takes it out, a table with all that is in it. */
export type TomlEdits = ReadonlyMap<string, Json | undefined>;

/**
 * Changes those keys alone: every byte outside the changed values, the removed lines and the new lines stays as it is.
 * A new key goes behind the last one of its table, a new table to the end.
 * @throws Error when the text is no TOML or an edit cannot be made; `verifyEdit` has looked at the result.
 */
export function editToml(text: string, edits: TomlEdits): string {
  let result = text;
  for (const [key, value] of edits) {
    const path = pathOf(key);
    result = value === undefined ? unset(result, path) : set(result, path, value);
  }
  verifyEdit(text, result, edits);
  return result;
}

function set(text: string, path: readonly string[], value: Json): string {
  const map = mapToml(text);
  const entry = map.entries.find((each) => samePath(each.path, path));
  if (entry === undefined) {
    // A table that was written below a header of its own, or with dots, is replaced as a whole.
    const without = isObject(value) ? unset(text, path) : text;
    return add(without, without === text ? map : mapToml(without), path, value);
  }
  const { start, end, kind } = entry.value;
  const current = kind === "list" && Array.isArray(value) ? valueAt(parseToml(text), path) : undefined;
  const written =
    Array.isArray(value) && Array.isArray(current) ? editList(text, entry.value, current, value) : tomlValue(value);
  return text.slice(0, start) + written + text.slice(end);
}

function add(text: string, map: TomlMap, path: readonly string[], value: Json): string {
  const table = path.slice(0, -1);
  const inline = map.entries.findLast((each) => each.value.kind === "table" && startsWith(path, each.path));
  if (inline) return addInline(text, map, inline, path.slice(inline.path.length), value);
  // A sibling shows how this table's keys are written: below its header, or with dots.
  const sibling = map.entries.findLast((each) => !each.inline && samePath(each.path.slice(0, -1), table));
  if (sibling) {
    const key = path.slice(path.length - sibling.written);
    return insertLine(text, sibling.value.end, indentOf(text, sibling.keyStart) + keyValue(key, value));
  }
  const header = map.headers.find((each) => samePath(each.path, table));
  if (header) return insertLine(text, header.end, indentOf(text, header.start) + keyValue(path.slice(-1), value));
  return appendTable(text, table, keyValue(path.slice(-1), value));
}

function addInline(text: string, map: TomlMap, table: TomlEntry, key: readonly string[], value: Json): string {
  const { start, end } = table.value;
  const members = map.entries.filter((each) => each.inline && each.keyStart > start && each.keyStart < end);
  if (members.length === 0 && text.slice(start + 1, end - 1).trim() === "") {
    return `${text.slice(0, start)}{ ${keyValue(key, value)} }${text.slice(end)}`;
  }
  // Directly behind the last value: a comma or a comment that stands there then follows the new one.
  const behind = Math.max(start + 1, ...members.map((each) => each.value.end));
  const separator = members.length === 0 ? " " : ", ";
  return text.slice(0, behind) + separator + keyValue(key, value) + text.slice(behind);
}

/** Puts a line behind the one on which `offset` stands. */
function insertLine(text: string, offset: number, line: string): string {
  const eol = lineEnding(text);
  const end = text.indexOf("\n", offset);
  return end === -1 ? `${text}${eol}${line}${eol}` : `${text.slice(0, end + 1)}${line}${eol}${text.slice(end + 1)}`;
}

function appendTable(text: string, table: readonly string[], line: string): string {
  const eol = lineEnding(text);
  // A key of no table stands above the first header, or it would belong to that one.
  if (table.length === 0) return text.slice(0, bomOf(text)) + line + eol + text.slice(bomOf(text));
  const complete = text === "" || text.endsWith("\n") ? text : text + eol;
  const blank = text.trim() === "" ? "" : eol;
  return `${complete}${blank}[${table.map(tomlKey).join(".")}]${eol}${line}${eol}`;
}

function unset(text: string, path: readonly string[]): string {
  let result = text;
  for (;;) {
    const map = mapToml(result);
    const entry = map.entries.find((each) => startsWith(each.path, path));
    const header = map.headers.find((each) => startsWith(each.path, path));
    if (entry?.inline) result = removeInline(result, entry);
    else if (entry) result = removeLines(result, entry.keyStart, entry.value.end);
    else if (header) result = removeLines(result, header.start, header.end);
    else return result;
  }
}

/** Takes out the lines from the one of `start` to the one of `end`, with the comment behind them. */
function removeLines(text: string, start: number, end: number): string {
  const lineEnd = text.indexOf("\n", end);
  return text.slice(0, lineStart(text, start)) + (lineEnd === -1 ? "" : text.slice(lineEnd + 1));
}

/** With the comma behind it, or, for the last one, the comma in front: not every reader allows one before the brace. */
function removeInline(text: string, entry: TomlEntry): string {
  const rest = text.slice(entry.value.end);
  const behind = /^\s*,[ \t]*/.exec(rest);
  if (behind) return text.slice(0, entry.keyStart) + rest.slice(behind[0].length);
  const before = text.slice(0, entry.keyStart).replace(/,\s*$/, "");
  return before.trimEnd().endsWith("{") ? before.trimEnd() + rest.trimStart() : before + rest;
}

function keyValue(key: readonly string[], value: Json): string {
  return `${key.map(tomlKey).join(".")} = ${tomlValue(value)}`;
}

function indentOf(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? "";
}

function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : Math.max(bomOf(text), text.lastIndexOf("\n", offset - 1) + 1);
}

/** How many characters the byte order mark takes. */
function bomOf(text: string): number {
  return text.startsWith("\ufeff") ? 1 : 0;
}

function valueAt(table: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (isTomlTable(at) && Object.hasOwn(at, name) ? at[name] : undefined), table);
}
