import { isObject } from "../lib/json.ts";
import { mapToml } from "./toml-map.ts";

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
  try {
    parse(text);
  } catch (error) {
    if (isObject(error) && typeof error["line"] === "number" && typeof error["column"] === "number") {
      return { line: error["line"], column: error["column"] + 1 }; // its columns begin at 0
    }
  }
  return placeOfBadValue(text);
}

/** For what only Bun's parser refuses (numbers that a double cannot hold): the first value that it does not take. */
function placeOfBadValue(text: string): Place | null {
  try {
    for (const { value } of mapToml(text).entries) {
      if (!isTaken(`value = ${text.slice(value.start, value.end)}`)) {
        const before = text.slice(0, value.start).split("\n");
        return { line: before.length, column: before.at(-1)!.length + 1 }; // split gives at least one part
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
