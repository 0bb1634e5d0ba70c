import { isObject } from "./json.ts";
import { cut } from "./plain-text.ts";
import { applyFilters } from "./template-filter.ts";
import { parseTemplate, type Template, type TemplateError, type VariableName } from "./template-parse.ts";

export type { Template, TemplateError, VariableName } from "./template-parse.ts";

/** What a template is rendered against. */
export interface Scope {
  /** Parsed JSON of any shape; undefined when there is none. */
  readonly body: unknown;
  /** Asked only for what the template names. */
  readonly variables: Readonly<Record<VariableName, () => unknown>>;
}

/** What stands around a value that was written by a stranger. */
export interface Frame {
  /** UTF-16 units that `wrap` adds at most. */
  readonly overhead: number;
  wrap(text: string): string;
}

/** Variables that the gateway itself fills: they get no frame. */
const OWN: ReadonlySet<VariableName | null> = new Set<VariableName>(["source", "event_id", "received_at"]);

/**
 * Reads `{{ path | filter:argument | … }}`. A path is dotted fields and `[n]` or `["any name"]` into a JSON body, or a
 * variable: `@type`, `@source`, `@event_id`, `@received_at`, `@summary`, `@body`, `@headers.<name>`. Filters: `limit:N`,
 * `line`, `quote`, `json`, `join:", "`, `default:"…"`. There are no loops and no code.
 */
export function compileTemplate(text: string): Template | TemplateError {
  return parseTemplate(text);
}

export function isTemplateError(compiled: Template | TemplateError): compiled is TemplateError {
  return "line" in compiled;
}

/**
 * The text of a template, at most `max` UTF-16 units; values are cut to what its own text leaves. What is missing is
 * empty and has no frame. Linear in the template and the values it names.
 */
export function renderTemplate({ parts }: Template, { body, variables }: Scope, frame: Frame, max: number): string {
  let room = max;
  for (const part of parts) if (typeof part === "string") room -= part.length;
  let result = "";
  for (const part of parts) {
    if (typeof part === "string") {
      result += part;
      continue;
    }
    const value = valueAt(part.variable === null ? body : variables[part.variable](), part.path);
    const { text, own } = applyFilters(value, part.filters);
    const framed = !own && !OWN.has(part.variable);
    const fits = room - (framed ? frame.overhead : 0);
    if (text.trim() === "" || fits < 1) continue;
    const shown = framed ? frame.wrap(cut(text, fits)) : cut(text, fits);
    room -= shown.length;
    result += shown;
  }
  return cut(result, max);
}

/** The value at `path`; undefined where it ends early. Sees own properties only. */
function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof step === "number" && Array.isArray(at)) at = at[step];
    else if (isObject(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}
