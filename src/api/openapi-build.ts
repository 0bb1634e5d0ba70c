export type Schema = Readonly<Record<string, unknown>>;

/** What an operation takes and gives, in short; `operation` spells it out. */
export interface Details {
  readonly security?: readonly object[];
  readonly parameters?: readonly Schema[];
  readonly body?: Schema;
  readonly optionalBody?: boolean;
  /** Takes any kind of body, as its sender's rules have it. */
  readonly rawBody?: boolean;
  /** Answers with server-sent events, or does when asked to. */
  readonly stream?: boolean;
  readonly bytes?: boolean;
  readonly text?: boolean;
  readonly xml?: boolean;
  readonly 200?: Schema;
  readonly 202?: Schema;
  /** Null: no content. */
  readonly 204?: null;
  /** How it refuses: a response of the components. @default "Problem" */
  readonly refuses?: "Problem" | "OpenAiError" | "McpError";
}

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export function query(name: string, description?: string): Schema {
  return { name, in: "query", ...(description === undefined ? {} : { description }), schema: { type: "string" } };
}

export function pathParameter(name: string, description?: string): Schema {
  const said = description === undefined ? {} : { description };
  return { name, in: "path", required: true, ...said, schema: { type: "string" } };
}

export function header(name: string, description: string): Schema {
  return { name, in: "header", description, schema: { type: "string" } };
}

export function operation(operationId: string, summary: string, details: Details): Schema {
  const { security, parameters } = details;
  return {
    operationId,
    summary,
    ...(security ? { security } : {}),
    ...(parameters ? { parameters } : {}),
    ...requestBody(details),
    responses: { ...answers(details), default: { $ref: `#/components/responses/${details.refuses ?? "Problem"}` } },
  };
}

function requestBody({ body, optionalBody, rawBody }: Details): Schema {
  if (rawBody) return { requestBody: { required: true, content: { "*/*": {} } } };
  if (!body) return {};
  return { requestBody: { required: !optionalBody, content: { "application/json": { schema: body } } } };
}

function answers(details: Details): Record<string, Schema> {
  const content: Record<string, Schema> = {
    ...(details[200] ? { "application/json": { schema: details[200] } } : {}),
    ...(details.stream ? { "text/event-stream": { schema: { type: "string" } } } : {}),
    ...(details.bytes ? { "application/octet-stream": {} } : {}),
    ...(details.text ? { "text/plain": { schema: { type: "string" } } } : {}),
    ...(details.xml ? { "text/xml": { schema: { type: "string" } } } : {}),
  };
  return {
    ...(Object.keys(content).length > 0 ? { 200: { description: "Done", content } } : {}),
    ...(details[202]
      ? { 202: { description: "Accepted", content: { "application/json": { schema: details[202] } } } }
      : {}),
    ...(details[204] === null ? { 204: { description: "Done" } } : {}),
  };
}
