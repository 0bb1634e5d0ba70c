type Schema = Readonly<Record<string, unknown>>;

const KEYWORDS: ReadonlySet<string> = new Set([
  ...["$ref", "type", "const", "enum", "anyOf", "pattern", "format", "minLength", "maxLength", "minimum", "maximum"],
  ...["items", "maxItems", "properties", "required", "additionalProperties", "description", "exclusiveMinimum"],
]);

const FORMATS: Readonly<Record<string, RegExp>> = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
};

/**
 * Every way in which `value` is not as `schema` says (JSON Schema 2020-12, the keywords that the API's document uses; any
 * other is an error, so that none is passed over). `root` is the document that `$ref` points into.
 */
export function violations(schema: Schema, value: unknown, root: Schema, at = "$"): readonly string[] {
  const unknown = Object.keys(schema).filter((keyword) => !KEYWORDS.has(keyword));
  if (unknown.length > 0) return [`${at}: the schema has ${unknown.join(", ")}, which this does not check`];
  const { $ref, anyOf } = schema;
  if (typeof $ref === "string") return violations(resolve($ref, root), value, root, at);
  const found: string[] = [];
  if (Array.isArray(anyOf) && !anyOf.some((one) => violations(one, value, root, at).length === 0)) {
    found.push(`${at}: none of anyOf`);
  }
  if ("const" in schema && value !== schema["const"]) found.push(`${at}: is not ${JSON.stringify(schema["const"])}`);
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value)) found.push(`${at}: is not in the enum`);
  if ("type" in schema && ![schema["type"]].flat().some((type) => isOf(type, value)))
    return [...found, `${at}: ${JSON.stringify(value)} is no ${schema["type"]}`];
  if (typeof value === "string") found.push(...ofText(schema, value, at));
  if (typeof value === "number") found.push(...ofNumber(schema, value, at));
  if (Array.isArray(value)) found.push(...ofList(schema, value, root, at));
  else if (typeof value === "object" && value !== null) found.push(...ofObject(schema, value, root, at));
  return found;
}

/** What a `$ref` of the same document points at. @throws Error when it points nowhere */
export function resolve(ref: string, root: Schema): Schema {
  if (!ref.startsWith("#/")) throw new Error(`"${ref}" points out of the document`);
  let target: unknown = root;
  for (const part of ref.slice(2).split("/")) {
    const known = typeof target === "object" && target !== null && Object.hasOwn(target, part);
    target = known ? (target as Record<string, unknown>)[part] : undefined; // its own key: checked
  }
  if (typeof target !== "object" || target === null) throw new Error(`"${ref}" points at nothing`);
  return target as Schema; // an object of a JSON document
}

function isOf(type: unknown, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function ofText(schema: Schema, value: string, at: string): string[] {
  const { pattern, format, minLength, maxLength } = schema;
  const found: string[] = [];
  if (typeof pattern === "string" && !new RegExp(pattern, "u").test(value))
    found.push(`${at}: does not match ${pattern}`);
  if (typeof format === "string" && !FORMATS[format]?.test(value)) found.push(`${at}: is no ${format}`);
  if (typeof minLength === "number" && value.length < minLength) found.push(`${at}: is too short`);
  if (typeof maxLength === "number" && value.length > maxLength) found.push(`${at}: is too long`);
  return found;
}

function ofNumber({ minimum, maximum, exclusiveMinimum }: Schema, value: number, at: string): string[] {
  const below = typeof minimum === "number" && value < minimum;
  const above = typeof maximum === "number" && value > maximum;
  const under = typeof exclusiveMinimum === "number" && value <= exclusiveMinimum;
  return below || above || under ? [`${at}: ${value} is out of bounds`] : [];
}

function ofList({ items, maxItems }: Schema, value: readonly unknown[], root: Schema, at: string): string[] {
  const found = typeof maxItems === "number" && value.length > maxItems ? [`${at}: has too many items`] : [];
  if (typeof items !== "object" || items === null) return found;
  return [...found, ...value.flatMap((item, i) => violations(items as Schema, item, root, `${at}[${i}]`))]; // see isOf
}

function ofObject(schema: Schema, value: object, root: Schema, at: string): string[] {
  const properties = (schema["properties"] ?? {}) as Record<string, Schema>; // as JSON Schema has it
  const required = (schema["required"] ?? []) as readonly string[]; // likewise
  const missing = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}: has no "${name}"`);
  const others = schema["additionalProperties"] as Schema | undefined; // no schema of ours has a boolean here
  const inner = Object.entries(value).flatMap(([name, one]) => {
    const own = Object.hasOwn(properties, name) ? properties[name] : others;
    return own === undefined ? [] : violations(own, one, root, `${at}.${name}`);
  });
  return [...missing, ...inner];
}
