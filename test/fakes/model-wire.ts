/** How a scripted answer looks on the wires of OpenAI and Anthropic. */
export interface ModelRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The body as it came. */
  readonly text: string;
  /** The body as JSON; an empty object when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
  /** The client left before its answer was over. */
  disconnected: boolean;
  /** Resolves when the connection or the answer has ended, however it did. */
  readonly over: Promise<void>;
}

export interface Counted {
  readonly input: number;
  readonly output: number;
}

/** A piece of an answer, the same for both wires. */
export type Part =
  | { readonly say: string }
  | { readonly think: string }
  /** A tool call whose input comes in these fragments, one chunk each. */
  | { readonly call: string; readonly id: string; readonly fragments: readonly string[] }
  | { readonly end: "stop" | "length" | "tool" | "filter"; readonly usage?: Counted }
  /** Why it ends, and then what marks the end: the two of which `end` is made. */
  | { readonly finish: "stop" | "length" | "tool" | "filter" }
  | { readonly over: true }
  /** An error object in the middle of the stream. */
  | { readonly failure: string }
  /** These bytes as they are. */
  | { readonly raw: string }
  | { readonly wait: Promise<void> }
  | { readonly pauseMs: number }
  /** The connection is destroyed. */
  | { readonly cut: true }
  /** Said again and again until the client leaves. */
  | { readonly forever: string };

export type Chunk =
  | Exclude<
      Part,
      { call: string } | { raw: string } | { wait: unknown } | { pauseMs: number } | { cut: true } | { forever: string }
    >
  | { readonly begins: string; readonly id: string; readonly input: string }
  | { readonly input: string };

/** A tool call becomes a chunk for each of its fragments. */
export function chunksOf(
  part: Exclude<Part, { raw: string } | { wait: unknown } | { pauseMs: number } | { cut: true } | { forever: string }>,
): readonly Chunk[] {
  if (!("call" in part)) return [part];
  const [first = "", ...rest] = part.fragments;
  return [{ begins: part.call, id: part.id, input: first }, ...rest.map((input) => ({ input }))];
}

const OPENAI_ENDS = { stop: "stop", length: "length", tool: "tool_calls", filter: "content_filter" } as const;
const ANTHROPIC_ENDS = { stop: "end_turn", length: "max_tokens", tool: "tool_use", filter: "refusal" } as const;

const OPENAI_OVER = "data: [DONE]\n\n";

export class OpenAiStream {
  readonly #model: unknown;
  readonly #usage: boolean;
  #calls = -1;

  constructor({ body }: ModelRequest) {
    this.#model = body.model;
    this.#usage = body.stream_options?.include_usage === true;
  }

  begin(): string {
    return "";
  }

  part(chunk: Chunk): string {
    if ("say" in chunk) return this.#delta({ role: "assistant", content: chunk.say });
    if ("think" in chunk) return this.#delta({ role: "assistant", reasoning_content: chunk.think });
    if ("failure" in chunk) return sse({ error: { message: chunk.failure, type: "server_error", code: null } });
    if ("finish" in chunk) return this.#delta({}, OPENAI_ENDS[chunk.finish]);
    if ("over" in chunk) return OPENAI_OVER;
    if ("end" in chunk) return this.#end(chunk.end, chunk.usage);
    if ("begins" in chunk) this.#calls += 1;
    const started = "begins" in chunk ? { id: chunk.id, type: "function" } : {};
    const name = "begins" in chunk ? { name: chunk.begins } : {};
    const call = { index: this.#calls, ...started, function: { ...name, arguments: chunk.input } };
    return this.#delta({ role: "assistant", tool_calls: [call] });
  }

  #end(end: keyof typeof OPENAI_ENDS, usage: Counted | undefined): string {
    const counted =
      usage === undefined || !this.#usage ? "" : sse({ ...this.#base(), choices: [], usage: openAiUsage(usage) });
    return `${this.#delta({}, OPENAI_ENDS[end])}${counted}${OPENAI_OVER}`;
  }

  #delta(delta: object, finish_reason: string | null = null): string {
    return sse({ ...this.#base(), choices: [{ index: 0, delta, finish_reason }] });
  }

  #base(): object {
    return { id: "chatcmpl-1", object: "chat.completion.chunk", created: 0, model: this.#model };
  }
}

export class AnthropicStream {
  readonly #model: unknown;
  #index = -1;
  #open: string | null = null;

  constructor({ body }: ModelRequest) {
    this.#model = body.model;
  }

  begin(): string {
    const usage = { input_tokens: 12, output_tokens: 0 };
    const message = { id: "msg_1", type: "message", role: "assistant", model: this.#model, content: [], usage };
    return this.#event("message_start", { message: { ...message, stop_reason: null, stop_sequence: null } });
  }

  part(chunk: Chunk): string {
    if ("say" in chunk) {
      return this.#block("text", { type: "text", text: "" }) + this.#delta({ type: "text_delta", text: chunk.say });
    }
    if ("think" in chunk) {
      const block = this.#block("thinking", { type: "thinking", thinking: "", signature: "" });
      return block + this.#delta({ type: "thinking_delta", thinking: chunk.think });
    }
    if ("failure" in chunk)
      return this.#event("error", { error: { type: "overloaded_error", message: chunk.failure } });
    if ("finish" in chunk) return this.#finish(chunk.finish);
    if ("over" in chunk) return this.#event("message_stop", {});
    if ("end" in chunk) return this.#finish(chunk.end, chunk.usage) + this.#event("message_stop", {});
    const input = this.#delta({ type: "input_json_delta", partial_json: chunk.input });
    if (!("begins" in chunk)) return input;
    const block = { type: "tool_use", id: chunk.id, name: chunk.begins, input: {} };
    return (
      this.#block(`tool ${chunk.id}`, block) + this.#delta({ type: "input_json_delta", partial_json: chunk.input })
    );
  }

  #finish(end: keyof typeof ANTHROPIC_ENDS, usage: Counted = { input: 12, output: 5 }): string {
    const delta = { stop_reason: ANTHROPIC_ENDS[end], stop_sequence: null };
    const counted = { input_tokens: usage.input, output_tokens: usage.output };
    return this.#close() + this.#event("message_delta", { delta, usage: counted });
  }

  /** Begins a block unless one of its kind is open. */
  #block(kind: string, content_block: object): string {
    if (this.#open === kind) return "";
    const closed = this.#close();
    this.#open = kind;
    this.#index += 1;
    return closed + this.#event("content_block_start", { index: this.#index, content_block });
  }

  #close(): string {
    if (this.#open === null) return "";
    this.#open = null;
    return this.#event("content_block_stop", { index: this.#index });
  }

  #delta(delta: object): string {
    return this.#event("content_block_delta", { index: this.#index, delta });
  }

  #event(type: string, data: object): string {
    return `event: ${type}\n${sse({ type, ...data })}`;
  }
}

/** The answer in one piece, for clients that do not stream. */
export function whole(request: ModelRequest, parts: readonly Part[]): object {
  let content = "";
  let finish: keyof typeof OPENAI_ENDS = "stop";
  let usage: Counted = { input: 12, output: 5 };
  const calls: object[] = [];
  for (const part of parts) {
    if ("say" in part) content += part.say;
    else if ("end" in part) [finish, usage] = [part.end, part.usage ?? usage];
    else if ("call" in part) {
      calls.push({ id: part.id, type: "function", function: { name: part.call, arguments: part.fragments.join("") } });
    }
  }
  const message = { role: "assistant", content, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
  const choices = [{ index: 0, message, finish_reason: OPENAI_ENDS[finish] }];
  const { model } = request.body;
  return { id: "chatcmpl-1", object: "chat.completion", created: 0, model, choices, usage: openAiUsage(usage) };
}

function openAiUsage({ input, output }: Counted): object {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

export function isAnthropic({ path }: ModelRequest): boolean {
  return path === "/v1/messages";
}

function sse(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
