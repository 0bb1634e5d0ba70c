import type { Json } from "../lib/json.ts";
import type { Problem } from "../protocol/problem.ts";

export type AnswerBody = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;

/** What a handler returns; the pipeline adds the headers that every answer has and makes the Response once. */
export interface Answer {
  readonly status: number;
  readonly body: AnswerBody;
  /** Media type; absent when there is no body. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = "application/json; charset=utf-8";
export const TEXT_TYPE = "text/plain; charset=utf-8";
export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

export function json(value: Json | object, status = 200, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body: JSON.stringify(value), type: JSON_TYPE, ...(headers ? { headers } : {}) };
}

export function text(body: string, status = 200, type: string = TEXT_TYPE): Answer {
  return { status, body, type };
}

/** Statuses that always say when to come back, also where nobody knew. */
const COME_BACK: ReadonlySet<number> = new Set([429, 503]);

export function problemAnswer(problem: Problem, requestId: string): Answer {
  return {
    status: problem.status,
    body: JSON.stringify(problem.body(requestId)),
    type: PROBLEM_TYPE,
    headers: COME_BACK.has(problem.status) ? { "Retry-After": "5", ...problem.headers } : problem.headers,
  };
}
