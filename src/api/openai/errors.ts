import { type Answer, JSON_TYPE, problemAnswer } from "../../http/answer.ts";
import { Problem, type ProblemCode, type ProblemOptions } from "../../protocol/problem.ts";

/** What stands under `error` in every refusal under `/v1` (platform.openai.com/docs/guides/error-codes). */
export interface OpenAiErrorBody {
  readonly message: string;
  readonly type: "invalid_request_error" | "requests" | "server_error";
  /** The field that is meant: `messages[3].content[0].type`. */
  readonly param: string | null;
  /** OpenAI's code where it has one for this, else ours. */
  readonly code: string;
  /** Ours (`docs/problems.md`), so that a refusal can be looked up whichever door it came through. */
  readonly zeroclaw_code: ProblemCode;
}

export interface RefusalOptions extends ProblemOptions {
  readonly param?: string;
  /** OpenAI's code. @default what OpenAI says for the problem's code */
  readonly openaiCode?: string;
}

/** A Problem of a request under `/v1` that knows which field it is about. */
export class OpenAiProblem extends Problem {
  readonly param: string | null;
  readonly openaiCode: string | null;

  constructor(code: ProblemCode, { param, openaiCode, ...options }: RefusalOptions) {
    super(code, options);
    this.param = param ?? null;
    this.openaiCode = openaiCode ?? null;
  }
}

/** Problems for which OpenAI's clients know a code of their own. */
const CODES: Partial<Readonly<Record<ProblemCode, string>>> = {
  unauthorized: "invalid_api_key",
  pair_first: "invalid_api_key",
};

/**
 * Refusals that OpenAI's clients would answer by asking again at once, twice, and for which that is no use: the agent has
 * tried again by itself, took all the time there is, or the key does not become right by waiting.
 */
const NO_RETRY: ReadonlySet<ProblemCode> = new Set([
  "agent_failed",
  "agent_timeout",
  "too_many_bad_tokens",
  "locked_out",
]);

/** Read by OpenAI's clients before they look at the status. */
export const DO_NOT_RETRY: Readonly<Record<string, string>> = { "X-Should-Retry": "false" };

/** Any refusal under `/v1`, the pipeline's own included, in the shape that OpenAI's clients read. */
export function openaiError(problem: Problem, requestId: string): Answer {
  const { status, headers } = problemAnswer(problem, requestId);
  return {
    status,
    body: JSON.stringify({ error: errorBody(problem) }),
    type: JSON_TYPE,
    headers: { ...headers, ...(NO_RETRY.has(problem.code) ? DO_NOT_RETRY : {}) },
  };
}

export function errorBody(problem: Problem): OpenAiErrorBody {
  const own = problem instanceof OpenAiProblem ? problem : null;
  return {
    message: problem.message,
    type: typeOf(problem.status),
    param: own?.param ?? null,
    code: own?.openaiCode ?? codeOf(problem),
    zeroclaw_code: problem.code,
  };
}

function codeOf({ code, status }: Problem): string {
  return CODES[code] ?? (status === 429 ? "rate_limit_exceeded" : code);
}

function typeOf(status: number): OpenAiErrorBody["type"] {
  if (status >= 500) return "server_error";
  return status === 429 ? "requests" : "invalid_request_error";
}
