import { json } from "../../http/answer.ts";
import { jsonOf } from "../../http/body.ts";
import type { SseEvent } from "../../http/sse.ts";
import type { Usage } from "../../protocol/run.ts";
import type { Handler } from "../context.ts";
import { type AnswerEvent, type AskParts, streamedAnswer, type WholeAnswer, wholeAnswer } from "./asking.ts";
import { readChat } from "./chat-request.ts";
import { errorBody } from "./errors.ts";
import { requireModel } from "./models.ts";

/** POST /v1/chat/completions (platform.openai.com/docs/api-reference/chat). */
export function chatCompletions(parts: AskParts): Handler {
  return async (context) => {
    const now = parts.clock.now();
    const { model, question, stream, includeUsage } = readChat(jsonOf(await context.body()), now);
    if (model !== null) requireModel(model, parts.agent);
    const head = { id: `chatcmpl-${context.request_id}`, created: Math.floor(now / 1_000) };
    if (!stream) return json(completion(head, await wholeAnswer(parts, context, question)));
    return streamedAnswer(parts, context, question, (events) => chunks(head, parts.agent, events, includeUsage));
  };
}

interface Head {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
}

function completion({ id, created }: Head, { text, thought, model, usage, cut }: WholeAnswer) {
  const reasoning = thought === "" ? {} : { reasoning_content: thought };
  const message = { role: "assistant", content: text, ...reasoning, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finishOf(cut) }];
  return { id, object: "chat.completion", created, model, choices, usage: usageOf(usage) };
}

/** One `data:` line a piece; the first names the role, the last but `[DONE]` says why it ended. */
async function* chunks(
  { id, created }: Head,
  agent: { readonly model: string },
  events: AsyncIterable<AnswerEvent>,
  includeUsage: boolean,
): AsyncGenerator<SseEvent> {
  const chunk = (choices: readonly object[], model = agent.model, usage: object | null = null): SseEvent => {
    const object = "chat.completion.chunk";
    return { data: JSON.stringify({ id, object, created, model, choices, ...(includeUsage ? { usage } : {}) }) };
  };
  const piece = (delta: object, finish_reason: string | null = null) => {
    return [{ index: 0, delta, logprobs: null, finish_reason }];
  };
  yield chunk(piece({ role: "assistant", content: "" }));
  for await (const event of events) {
    if (event.type === "delta") yield chunk(piece({ content: event.content }));
    else if (event.type === "thought") yield chunk(piece({ reasoning_content: event.content }));
    else if (event.type === "failed") yield { data: JSON.stringify({ error: errorBody(event.problem) }) };
    else if (event.type === "done") {
      yield chunk(piece({}, finishOf(event.cut)), event.model);
      if (includeUsage) yield chunk([], event.model, usageOf(event.usage));
      yield { data: "[DONE]" };
    }
  }
}

/** Zeros when the agent does not say: clients add them up without a look whether they are there. */
function finishOf(cut: boolean): "stop" | "length" {
  return cut ? "length" : "stop";
}

function usageOf(usage: Usage | null) {
  const { input_tokens, output_tokens } = usage ?? { input_tokens: 0, output_tokens: 0 };
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens: input_tokens + output_tokens,
  };
}
