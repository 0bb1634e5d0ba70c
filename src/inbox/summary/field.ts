import { isObject } from "../../lib/json.ts";

const MAX_TEXT = 1_000;

/** The value at `path` inside parsed JSON of any shape; undefined where the path ends early. Sees own properties only. */
export function field(value: unknown, ...path: readonly (string | number)[]): unknown {
  let at: unknown = value;
  for (const step of path) {
    if (Array.isArray(at) && typeof step === "number") at = at[step];
    else if (isObject(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

/** The string at `path`, at most 1,000 characters of it; "" when there is none. */
export function text(value: unknown, ...path: readonly (string | number)[]): string {
  const found = field(value, ...path);
  return typeof found === "string" ? found.slice(0, MAX_TEXT) : "";
}

/** The finite number at `path`; null when there is none. */
export function number(value: unknown, ...path: readonly (string | number)[]): number | null {
  const found = field(value, ...path);
  return typeof found === "number" && Number.isFinite(found) ? found : null;
}

/** The list at `path`; empty when there is none. */
export function list(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = field(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The first of `keys` whose value is a string that is not blank; "" when none is. */
export function firstText(value: unknown, keys: readonly string[]): string {
  for (const key of keys) {
    const found = text(value, key);
    if (found.trim() !== "") return found;
  }
  return "";
}
