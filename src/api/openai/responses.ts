import { json } from "../../http/answer.ts";
import { jsonOf } from "../../http/body.ts";
import type { Handler } from "../context.ts";
import { type AskParts, streamedAnswer, wholeAnswer } from "./asking.ts";
import { requireModel } from "./models.ts";
import { responseEvents } from "./response-events.ts";
import { messageItem, type ResponseHead, responseOf } from "./response-object.ts";
import { readResponses } from "./responses-request.ts";

/** POST /v1/responses (platform.openai.com/docs/api-reference/responses). Nothing is kept, as with `store: false`. */
export function responses(parts: AskParts): Handler {
  return async (context) => {
    const now = parts.clock.now();
    const { model, question, instructions, stream } = readResponses(jsonOf(await context.body()), now);
    if (model !== null) requireModel(model, parts.agent);
    const { request_id } = context;
    const head: ResponseHead = {
      id: `resp_${request_id}`,
      item: `msg_${request_id}`,
      created_at: Math.floor(now / 1_000),
      instructions,
    };
    if (stream) {
      return streamedAnswer(parts, context, question, (events) => responseEvents(head, parts.agent, events));
    }
    const { text, usage, model: answered, cut } = await wholeAnswer(parts, context, question);
    const status = cut ? "incomplete" : "completed";
    return json(responseOf(head, answered, { status, output: [messageItem(head, status, text)], usage }));
  };
}
