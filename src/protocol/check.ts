import { isObject } from "../lib/json.ts";
import { SHAPE_CHECKS } from "./shapes.generated.ts";
import type { Shape, ShapeName } from "./shapes.ts";

/** Why a value is refused: the field (empty when the value as a whole is wrong) and a sentence for whoever sent it. */
export interface Fault {
  readonly field: string;
  readonly detail: string;
}

export type Checked<N extends ShapeName> =
  | { readonly ok: true; readonly value: Shape<N> }
  | ({ readonly ok: false } & Fault);

/** Takes parsed JSON as the shape `name`, or says what is wrong. Keys that the shape does not know are left alone. */
export function checkShape<N extends ShapeName>(name: N, value: unknown): Checked<N> {
  const fault = shapeFault(name, value);
  if (fault !== null) return { ok: false, ...fault };
  return { ok: true, value: value as Shape<N> }; // every field that the shape declares has just been checked
}

/** The first thing that keeps `value` from being the shape `name`; null when there is none. Allocates nothing then. */
export function shapeFault(name: ShapeName, value: unknown): Fault | null {
  if (!isObject(value)) return { field: "", detail: `A JSON object is expected (found ${showFound(value)})` };
  const fields = SHAPE_CHECKS[name];
  for (let i = 0; i < fields.length; i += 1) {
    const { key, required, allows, allowed } = fields[i]!; // i is below the length
    if (!Object.hasOwn(value, key)) {
      if (required) return { field: key, detail: `"${key}" is missing: it must be ${allowed}` };
      continue;
    }
    const found = value[key];
    if (!allows(found)) return { field: key, detail: `"${key}" must be ${allowed} (found ${show(key, found)})` };
  }
  return null;
}

const SECRET_FIELDS: ReadonlySet<string> = new Set(["token", "code"]);

function show(key: string, found: unknown): string {
  if (!SECRET_FIELDS.has(key)) return showFound(found);
  return typeof found === "string" ? `${found.length} characters` : "something else";
}

const SHOWN_CHARACTERS = 60;

/** A value of a stranger's, for a message: short, on one line, and without characters that draw on a terminal. */
export function showFound(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return value.length === 1 ? "a list of 1" : `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return value === undefined ? "nothing" : String(value);
}

function quoted(text: string): string {
  if (text.length <= SHOWN_CHARACTERS) return escaped(text);
  // Half of a surrogate pair is no character, so the cut goes before it.
  const end = text.codePointAt(SHOWN_CHARACTERS - 1)! > 0xffff ? SHOWN_CHARACTERS - 1 : SHOWN_CHARACTERS;
  return `${escaped(`${text.slice(0, end)}…`)}, ${text.length} characters`;
}

/** As JSON, and besides that C1 controls, line separators and marks that turn the direction of writing. */
function escaped(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
