import { isObject, type Json } from "../lib/json.ts";
import { showFound } from "../protocol/check.ts";
import { valueKind } from "./keys.ts";
import { hashOfPairedToken } from "./paired-tokens.ts";
import { complaintAbout } from "./rules.ts";
import { withoutCredentials } from "./secrets.ts";
import { SETTING_CHECKS } from "./settings.generated.ts";
import type { Setting } from "./settings.ts";
import { isTomlTable } from "./toml-read.ts";

export type CheckedValue =
  | { readonly ok: true; readonly value: Json }
  /** The whole sentence, with the value unless it is a secret. */
  | { readonly ok: false; readonly detail: string };

/** Checks a value against the type and the rules of its setting. */
export function checkSetting(key: string, setting: Setting, found: unknown): CheckedValue {
  const check = SETTING_CHECKS[setting.type];
  // A setting without its check would let everything in; the generator and a test see to it that there is none.
  if (check === undefined) throw new Error(`Cannot check "${key}": run "bun scripts/generate.ts"`);
  // A date is an object without entries, a list one whose names are numbers: to the check both are tables of strings.
  const isWrongKind = valueKind(setting) === "table" && !isTomlTable(found);
  if (isWrongKind || !check(found)) {
    return { ok: false, detail: `"${key}" must be ${setting.allowed} (found ${shown(setting, found)})` };
  }
  const value = found as Json; // every type of a setting is one of JSON's
  const complaint = complaintAbout(key, value);
  if (complaint === null) return { ok: true, value: normal(key, value) };
  return { ok: false, detail: `"${key}": ${typeof value === "object" ? "" : `${shown(setting, found)} `}${complaint}` };
}

function shown(setting: Setting, found: unknown): string {
  if (found === "") return "empty text";
  if (typeof found === "string" && found.trim() === "" && setting.secret) return "blank text";
  if (setting.secret && typeof found === "string") return "text that is not shown";
  if (typeof found === "string") return showFound(withoutCredentials(found));
  return isObject(found) && !isTomlTable(found) ? "a date or time" : showFound(found);
}

/** Nobody behind this point sees a token in plaintext. */
function normal(key: string, value: Json): Json {
  if (key !== "gateway.paired_tokens" || !Array.isArray(value)) return value;
  return value.map((entry) => hashOfPairedToken(String(entry)) ?? "");
}
