import type { Problem } from "../../protocol/problem.ts";
import type { Usage } from "../../protocol/run.ts";

/** What stays the same from the first event of a response to its last. */
export interface ResponseHead {
  readonly id: string;
  /** The id of its one message. */
  readonly item: string;
  /** Seconds since the epoch. */
  readonly created_at: number;
  readonly instructions: string | null;
}

export interface ResponseState {
  /** `incomplete`: it ends where the agent may say no more. */
  readonly status: "in_progress" | "completed" | "incomplete" | "failed";
  readonly output: readonly object[];
  /** Null when the agent does not say, or has not ended. */
  readonly usage?: Usage | null;
  readonly problem?: Problem;
}

/** The `response` object, with what its schema requires and nothing that the agent would not heed. */
export function responseOf(head: ResponseHead, model: string, { status, output, usage, problem }: ResponseState) {
  const { id, created_at, instructions } = head;
  return {
    id,
    object: "response",
    created_at,
    status,
    background: false,
    error: problem === undefined ? null : { code: "server_error", message: problem.message },
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    instructions,
    max_output_tokens: null,
    metadata: {},
    model,
    output,
    parallel_tool_calls: false,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: { type: "text" } },
    tool_choice: "none",
    tools: [],
    top_p: null,
    truncation: "disabled",
    usage: status === "completed" || status === "incomplete" ? usageOf(usage ?? null) : null,
    user: null,
  };
}

export function messageItem({ item }: ResponseHead, status: "in_progress" | "completed" | "incomplete", text?: string) {
  return { id: item, type: "message", status, role: "assistant", content: text === undefined ? [] : [textPart(text)] };
}

export function textPart(text: string) {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

/** Zeros when the agent does not say: clients add them up without a look whether they are there. */
function usageOf(usage: Usage | null) {
  const { input_tokens, output_tokens } = usage ?? { input_tokens: 0, output_tokens: 0 };
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + output_tokens,
  };
}
