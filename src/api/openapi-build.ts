export type Schema = Readonly<Record<string, unknown>>;

/** What an operation takes and gives, in short; `operation` spells it out. */
export interface Details {
  readonly security?: readonly object[];
  readonly parameters?: readonly Schema[];
  readonly body?: Schema;
  readonly optionalBody?: boolean;
  /** Answers with server-sent events, or does when asked to. */
  readonly stream?: boolean;
  readonly bytes?: boolean;
  readonly text?: boolean;
  readonly 200?: Schema;
  readonly 202?: Schema;
  /** Null: no content. */
  readonly 204?: null;
}

const PROBLEM: Schema = { $ref: "#/components/responses/Problem" };

export function ref(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

export function query(name: string): Schema {
  return { name, in: "query", schema: { type: "string" } };
}

export function header(name: string, description: string): Schema {
  return { name, in: "header", description, schema: { type: "string" } };
}

export function operation(operationId: string, summary: string, details: Details): Schema {
  const { security, parameters, body, optionalBody } = details;
  return {
    operationId,
    summary,
    ...(security ? { security } : {}),
    ...(parameters ? { parameters } : {}),
    ...(body ? { requestBody: { required: !optionalBody, content: { "application/json": { schema: body } } } } : {}),
    responses: { ...answers(details), default: PROBLEM },
  };
}

function answers(details: Details): Record<string, Schema> {
  const content: Record<string, Schema> = {
    ...(details[200] ? { "application/json": { schema: details[200] } } : {}),
    ...(details.stream ? { "text/event-stream": { schema: { type: "string" } } } : {}),
    ...(details.bytes ? { "application/octet-stream": {} } : {}),
    ...(details.text ? { "text/plain": { schema: { type: "string" } } } : {}),
  };
  return {
    ...(Object.keys(content).length > 0 ? { 200: { description: "Done", content } } : {}),
    ...(details[202]
      ? { 202: { description: "Accepted", content: { "application/json": { schema: details[202] } } } }
      : {}),
    ...(details[204] === null ? { 204: { description: "Done" } } : {}),
  };
}
