import { isObject } from "../../lib/json.ts";
import { showFound } from "../../protocol/check.ts";
import { OpenAiProblem } from "./errors.ts";

/** An object of a request, as it came. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field of a request that is not what it must be. `param`: its path, as `messages[3].content`. */
export function badField(param: string, detail: string): OpenAiProblem {
  return new OpenAiProblem("bad_field", param === "" ? { detail } : { param, detail });
}

/** Something that OpenAI's API has and the agent cannot do. */
export function unsupported(param: string, detail: string): OpenAiProblem {
  return new OpenAiProblem("bad_field", { param, detail, openaiCode: "unsupported_parameter" });
}

/** @throws OpenAiProblem */
export function objectAt(value: unknown, param: string): Fields {
  if (isObject(value)) return value;
  throw badField(param, `${named(param)} must be an object (found ${showFound(value)}).`);
}

/** A string; null when it is absent or null. @throws OpenAiProblem */
export function textAt(fields: Fields, key: string, param = key): string | null {
  const value = fields[key] ?? null;
  if (value === null || typeof value === "string") return value;
  throw badField(param, `${named(param)} must be a string (found ${showFound(value)}).`);
}

/** A boolean; false when it is absent or null. @throws OpenAiProblem */
export function flagAt(fields: Fields, key: string, param = key): boolean {
  const value = fields[key] ?? false;
  if (typeof value === "boolean") return value;
  throw badField(param, `${named(param)} must be true or false (found ${showFound(value)}).`);
}

export function named(param: string): string {
  return param === "" ? "The body" : `"${param}"`;
}
