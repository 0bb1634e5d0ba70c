import { isObject } from "../lib/json.ts";
import { printableLine } from "./printable.ts";

export type Row = Readonly<Record<string, unknown>>;

/** The objects in a list of an answer; anything else there is passed over. */
export function rowsOf(value: unknown): readonly Row[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A JSON object; null for any other text. */
export function parseObject(text: string): Row | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** A field for a table's cell: on one line, and harmless to the terminal. Empty when it is missing or null. */
export function cell(row: Row, name: string): string {
  const value = row[name];
  if (value === undefined || value === null) return "";
  return printableLine(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** RFC 3339 as `2026-11-22 14:05:09` (UTC); what is no time, as it is. */
export function timeCell(row: Row, name: string): string {
  const text = cell(row, name);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) ? text.slice(0, 19).replace("T", " ") : text;
}

/** `817 B`, `1.2 KB`, `3.4 MB`. */
export function sizeText(bytes: unknown): string {
  if (typeof bytes !== "number" || !(bytes >= 0)) return "";
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 999_950) return `${(bytes / 1_000).toFixed(1)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
