import type { Json } from "../lib/json.ts";
import { valueKind } from "./keys.ts";
import { type CheckedValue, checkSetting } from "./setting-check.ts";
import type { Setting } from "./settings.ts";

/** Reads a value from a command line or the environment and checks it: `8080`, `true`, `a,b`, `["a","b"]`, `{"a":"b"}`, any text. */
export function parseSetting(key: string, setting: Setting, text: string): CheckedValue {
  return checkSetting(key, setting, fromText(setting, text));
}

/** Text that cannot be read as the setting's kind stays text, which the setting's check then refuses. */
function fromText(setting: Setting, text: string): Json {
  switch (valueKind(setting)) {
    case "switch":
      return switchFromText(text.trim().toLowerCase());
    case "number":
      return /^[+-]?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
    case "list":
      return listFromText(text.trim());
    case "table":
      return fromJson(text.trim());
    case "text":
      return text;
  }
}

function switchFromText(text: string): Json {
  if (text === "true") return true;
  return text === "false" ? false : text;
}

/** A JSON array, else what stands between commas; nothing at all is the empty list. */
function listFromText(text: string): Json {
  if (text.startsWith("[")) return fromJson(text);
  return text === "" ? [] : text.split(",").map((each) => each.trim());
}

function fromJson(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
