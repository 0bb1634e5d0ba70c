import { isObject } from "../../lib/json.ts";
import { nearest } from "../../lib/nearest.ts";
import { checkShape, showFound } from "../../protocol/check.ts";
import { SHAPE_SCHEMAS } from "../../protocol/shapes.generated.ts";
import type { Shape, ShapeName } from "../../protocol/shapes.ts";
import type { AtDesk } from "../desk/at-desk.ts";
import { refused } from "./results.ts";
import type { ToolDesk } from "./tool-desk.ts";
import type { ToolResult, ToolSpec, ToolUser } from "./tools.ts";

/** One tool, declared once. */
export interface Tool {
  readonly spec: ToolSpec;
  /** The least reach that may use it. */
  readonly reach: ToolUser["reach"];
  call(context: ToolContext, input: unknown): Promise<ToolResult>;
}

export interface ToolContext extends AtDesk {
  readonly desk: ToolDesk;
  readonly user: ToolUser;
  /** When the call began, in milliseconds since the epoch. */
  readonly now: number;
  /** The id of what the call makes: the same one when its run begins again and makes the same call. */
  readonly id: string;
  readonly signal: AbortSignal;
}

type ToolShape = Extract<ShapeName, `tool_${string}`>;

interface Words extends Omit<ToolSpec, "schema"> {
  readonly reach: Tool["reach"];
}

interface Declaration<Input> extends Words {
  /** What each field means, for the model. */
  readonly fields: { readonly [K in keyof Input]-?: string };
  run(context: ToolContext, input: Input): Promise<ToolResult>;
}

/** A tool whose input has the shape `shape`. */
export function makeTool<N extends ToolShape>(shape: N, declaration: Declaration<Shape<N>>): Tool {
  const { fields, reach, run, ...words } = declaration;
  return {
    spec: { ...words, schema: described(SHAPE_SCHEMAS[shape], fields) },
    reach,
    async call(context, input) {
      const given = withoutNulls(input);
      const stray = strayKey(given, Object.keys(fields));
      if (stray !== null) return refused(stray);
      const checked = checkShape(shape, given);
      return checked.ok
        ? run(context, checked.value)
        : refused(`${checked.detail}. Call it again with that set right.`);
    },
  };
}

/** A tool without input. */
export function makeBareTool(declaration: Words & { run(context: ToolContext): Promise<ToolResult> }): Tool {
  const { reach, run, ...words } = declaration;
  return {
    spec: { ...words, schema: { type: "object", properties: {}, additionalProperties: false } },
    reach,
    async call(context, input) {
      const stray = strayKey(withoutNulls(input), []);
      return stray === null ? run(context) : refused(stray);
    },
  };
}

interface ObjectSchema {
  readonly properties: Readonly<Record<string, object>>;
}

/** The shape's JSON Schema with its fields in words. Some models' APIs want a `type` beside every `enum`. */
function described(schema: ObjectSchema, fields: Readonly<Record<string, string>>): ToolSpec["schema"] {
  // In the order of the words: models fill in fields in the order in which they read of them.
  const properties = Object.entries(fields).map(([name, description]) => {
    const property = schema.properties[name] ?? {};
    return [name, { ...("enum" in property ? { type: "string" } : {}), ...property, description }];
  });
  return { ...schema, properties: Object.fromEntries(properties), additionalProperties: false };
}

/** Models write `null` for what they leave out, and nothing at all for an empty object. */
function withoutNulls(input: unknown): unknown {
  if (input === undefined || input === null) return {};
  if (!isObject(input)) return input;
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

/** What is said about a key that the tool does not know: a misspelt limit that is passed over would mislead the model. */
function strayKey(input: unknown, known: readonly string[]): string | null {
  if (!isObject(input)) return null;
  const stray = Object.keys(input).find((key) => !known.includes(key));
  if (stray === undefined) return null;
  const meant = nearest(stray, known);
  const hint = meant === undefined ? "" : ` Did you mean "${meant}"?`;
  const all = known.length === 0 ? "It takes none." : `It takes: ${known.join(", ")}.`;
  return `The tool has no input ${showFound(stray)}.${hint} ${all}`;
}
