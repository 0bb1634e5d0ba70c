import { isObject } from "../lib/json.ts";

/** The value at `path` inside parsed JSON of any shape; undefined where the path ends early. Sees own properties only. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  let at: unknown = value;
  for (const step of path) {
    if (Array.isArray(at) && /^\d{1,6}$/.test(step)) at = at[Number(step)];
    else if (isObject(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

/** The string at `path`; "" when there is none. */
export function text(value: unknown, ...path: readonly string[]): string {
  const found = field(value, ...path);
  return typeof found === "string" ? found : "";
}

/** The list at `path`; empty when there is none. */
export function list(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = field(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** The whole number at `path` that JSON keeps exactly; null when there is none. */
export function whole(value: unknown, ...path: readonly string[]): number | null {
  const found = field(value, ...path);
  return typeof found === "number" && Number.isSafeInteger(found) ? found : null;
}
