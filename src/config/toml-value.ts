import type { Json } from "../lib/json.ts";

/**
 * A value as TOML on one line.
 * @throws TypeError for what TOML has no words for: null, half a surrogate pair.
 */
export function tomlValue(value: Json): string {
  if (typeof value === "string") return tomlString(value);
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return tomlNumber(value);
  if (value === null) throw new TypeError("Cannot write null as TOML: it has no such value");
  if (isList(value)) return `[${value.map(tomlValue).join(", ")}]`;
  const entries = Object.entries(value).map(([key, inner]) => `${tomlKey(key)} = ${tomlValue(inner)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** A key as TOML: bare where it can be, else quoted. */
export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key);
}

function tomlString(text: string): string {
  if (!text.isWellFormed()) throw new TypeError("Cannot write text as TOML: it holds half of a surrogate pair");
  // JSON's escapes are TOML's; only DEL, which TOML forbids as it is, JSON leaves alone.
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}

function tomlNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  // A whole number that no integer of TOML can hold is written as a float.
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
