import type { SseEvent } from "../../http/sse.ts";
import type { AnswerEvent } from "./asking.ts";
import { messageItem, type ResponseHead, responseOf, textPart } from "./response-object.ts";

/** The events of a streamed response (platform.openai.com/docs/api-reference/responses-streaming), numbered from 0. */
export async function* responseEvents(
  head: ResponseHead,
  agent: { readonly model: string },
  events: AsyncIterable<AnswerEvent>,
): AsyncGenerator<SseEvent> {
  const writer = new ResponseWriter(head);
  yield* writer.begin(agent.model);
  for await (const event of events) {
    if (event.type === "delta") yield* writer.delta(event.content);
    else if (event.type === "done") yield* writer.done(event);
    else if (event.type === "failed") yield writer.failed(agent.model, event);
  }
}

class ResponseWriter {
  readonly #head: ResponseHead;
  readonly #spoken: string[] = [];
  #next = 0;
  #begun = false;

  constructor(head: ResponseHead) {
    this.#head = head;
  }

  *begin(model: string): Generator<SseEvent> {
    const response = responseOf(this.#head, model, { status: "in_progress", output: [] });
    yield this.#event("response.created", { response });
    yield this.#event("response.in_progress", { response });
  }

  *delta(content: string): Generator<SseEvent> {
    yield* this.#open();
    this.#spoken.push(content);
    yield this.#event("response.output_text.delta", { ...this.#part(), delta: content, logprobs: [] });
  }

  *done({ usage, model, cut }: Extract<AnswerEvent, { type: "done" }>): Generator<SseEvent> {
    yield* this.#open(); // an empty answer is one too
    const text = this.#spoken.join("");
    const status = cut ? "incomplete" : "completed";
    const item = messageItem(this.#head, status, text);
    yield this.#event("response.output_text.done", { ...this.#part(), text, logprobs: [] });
    yield this.#event("response.content_part.done", { ...this.#part(), part: textPart(text) });
    yield this.#event("response.output_item.done", { output_index: 0, item });
    const response = responseOf(this.#head, model, { status, output: [item], usage });
    yield this.#event(`response.${status}`, { response });
  }

  failed(model: string, { problem }: Extract<AnswerEvent, { type: "failed" }>): SseEvent {
    const output = this.#begun ? [messageItem(this.#head, "incomplete", this.#spoken.join(""))] : [];
    return this.#event("response.failed", {
      response: responseOf(this.#head, model, { status: "failed", output, problem }),
    });
  }

  *#open(): Generator<SseEvent> {
    if (this.#begun) return;
    this.#begun = true;
    const item = messageItem(this.#head, "in_progress");
    yield this.#event("response.output_item.added", { output_index: 0, item });
    yield this.#event("response.content_part.added", { ...this.#part(), part: textPart("") });
  }

  #part() {
    return { item_id: this.#head.item, output_index: 0, content_index: 0 };
  }

  #event(type: string, fields: object): SseEvent {
    const sequence_number = this.#next;
    this.#next += 1;
    return { event: type, data: JSON.stringify({ type, sequence_number, ...fields }) };
  }
}
