import { isObject } from "../lib/json.ts";
import { mapToml, TomlStructureError } from "./toml-map.ts";

export type TomlRead =
  | { readonly ok: true; readonly table: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false;
      readonly reason: string;
      /** From 1; undefined when the place is not known. */
      readonly line: number | undefined;
      readonly column: number | undefined;
    };

/** Reads TOML 1.1. Integers are numbers; dates and times are Temporal objects. */
export async function readToml(text: string): Promise<TomlRead> {
  try {
    return { ok: true, table: parseToml(text) };
  } catch (error) {
    const place = await placeOfError(text);
    return { ok: false, reason: reasonOf(error), line: place?.line, column: place?.column };
  }
}

/** @throws SyntaxError without a position. */
export function parseToml(text: string): Readonly<Record<string, unknown>> {
  const table: unknown = Bun.TOML.parse(text);
  return isObject(table) ? table : {};
}

/** Whether a parsed value is a table. Dates and times are objects too, but of classes of their own. */
export function isTomlTable(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // The value that lacks its quotes may be a secret.
  return text.replace(/^TOML Parse error: /, "").replace(/^(Strings must be quoted): .*/s, "$1");
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Bun's parser is the fast one, but its errors have no place; a slower one that has is loaded only here. */
async function placeOfError(text: string): Promise<Place | null> {
  const { parse } = await import("@decimalturn/toml-patch");
  let place = placeOfBadStructure(text);
  try {
    parse(text);
  } catch (error) {
    const told = placeIn(error, text);
    // It tells of a header that is never closed on the line behind it, where the map sees what is missing.
    if (told !== null && (place === null || isBefore(told, place))) place = told;
  }
  return place ?? placeOfBadValue(text);
}

/** Every error of the engine's has a line and a column too: of this program, not of the text. */
function placeIn(error: unknown, text: string): Place | null {
  if (!isObject(error) || typeof error["line"] !== "number" || typeof error["column"] !== "number") return null;
  const place = { line: error["line"], column: error["column"] + 1 }; // its columns begin at 0
  const line = text.split("\n")[place.line - 1];
  return line !== undefined && place.column <= line.length + 1 ? place : null;
}

function isBefore(a: Place, b: Place): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}

function placeOfBadStructure(text: string): Place | null {
  try {
    mapToml(text);
    return null;
  } catch (error) {
    return error instanceof TomlStructureError ? placeAt(text, error.offset) : null;
  }
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 }; // split gives at least one part
}

/** For what only Bun's parser refuses (numbers that a double cannot hold): the first value that it does not take. */
function placeOfBadValue(text: string): Place | null {
  try {
    for (const { value } of mapToml(text).entries) {
      if (!isTaken(`value = ${text.slice(value.start, value.end)}`)) {
        return placeAt(text, value.start);
      }
    }
  } catch {
    // Not even its structure can be read: there is no place to tell.
  }
  return null;
}

function isTaken(text: string): boolean {
  try {
    parseToml(text);
    return true;
  } catch {
    return false;
  }
}
