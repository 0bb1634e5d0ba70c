import { jsonText } from "./json-text.ts";
import { clean, cut } from "./plain-text.ts";

/** A filter with its argument, as compiled. */
export type Filter =
  | { readonly name: "limit"; readonly argument: number }
  | { readonly name: "line" }
  | { readonly name: "quote" }
  | { readonly name: "json" }
  | { readonly name: "join"; readonly argument: string }
  | { readonly name: "default"; readonly argument: string };

/** Every filter and what stands behind its colon. */
export const FILTERS = {
  limit: "number",
  line: "nothing",
  quote: "nothing",
  json: "nothing",
  join: "text",
  default: "text",
} as const satisfies Record<Filter["name"], "number" | "text" | "nothing">;

/** The largest argument of `limit`. */
export const MAX_LIMIT = 20_000;
/** What a field without `limit` is cut to, in UTF-16 units. */
export const FIELD_LIMIT = 2_000;

// No field is longer in the end, so no more of one is looked at: a body of megabytes stays cheap.
const MAX_LOOKED_AT = 4 * MAX_LIMIT;

export interface Filtered {
  /** Cleaned of what cannot be seen, at most 2,000 units or what `limit` says. */
  readonly text: string;
  /** Whether it is the template's own text (`default`) and nothing of the value. */
  readonly own: boolean;
}

/** A value as text, through the filters from left to right. */
export function applyFilters(value: unknown, filters: readonly Filter[]): Filtered {
  let at: unknown = value;
  let own = false;
  for (const filter of filters) {
    if (filter.name === "json") at = isMissing(at) ? undefined : clean(jsonText(at, MAX_LIMIT));
    else if (filter.name === "join") at = joined(at, filter.argument);
    else if (filter.name !== "default") at = filtered(textOf(at), filter);
    else if (textOf(at).trim() === "") {
      at = filter.argument;
      own = true;
    }
  }
  const isLimited = filters.some(({ name }) => name === "limit");
  return { text: cut(textOf(at), isLimited ? MAX_LIMIT : FIELD_LIMIT), own };
}

function filtered(text: string, filter: Extract<Filter, { name: "limit" | "line" | "quote" }>): string {
  switch (filter.name) {
    case "limit":
      return cut(text, filter.argument);
    case "line":
      return text.replace(/\s+/g, " ").trim();
    case "quote":
      return text === "" ? "" : text.trimEnd().replace(/^/gm, "> ");
  }
}

/** Scalars as they are, lists and objects as JSON, nothing for what is missing or null. */
function textOf(value: unknown): string {
  if (isMissing(value)) return "";
  return clean(typeof value === "string" ? value.slice(0, MAX_LOOKED_AT) : jsonText(value, MAX_LIMIT));
}

function joined(value: unknown, separator: string): unknown {
  if (!Array.isArray(value)) return value;
  let text = "";
  for (const [i, item] of value.entries()) {
    if (text.length > MAX_LIMIT) break;
    text += `${i === 0 ? "" : separator}${textOf(item)}`;
  }
  return text;
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}
