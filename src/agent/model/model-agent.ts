import { untilAborted } from "../../lib/abort.ts";
import { StoreUnavailable } from "../../store/store.ts";
import { type Agent, AgentError, type AgentEvent, type AgentTurn } from "../agent.ts";
import type { AgentParts } from "../agent-parts.ts";
import type { AgentConfig } from "../agents.ts";
import type { Tools } from "../tools/tools.ts";
import { type Connected, Exchange } from "./exchange.ts";
import {
  brokenOff,
  failedStream,
  fullHouse,
  isTooLong,
  isUnknownModel,
  noAnswer,
  refused,
  tooLongIn,
} from "./failures.ts";
import { instructionsFor } from "./instructions.ts";
import { knownModels } from "./known-models.ts";
import { type LineParts, ModelLine } from "./line.ts";
import { offer } from "./offer.ts";
import { targetOf } from "./providers.ts";
import { Refusal } from "./refusal.ts";
import { loadSdk, type Sdk } from "./sdk.ts";
import { type ModelServer, serverOf } from "./server.ts";
import { Speech } from "./speech.ts";
import { estimateTokens } from "./tokens.ts";
import { costOf, type Said, windowOf } from "./window.ts";

/** Times that the model is asked for one answer; the last time it may use no more tools. */
const MAX_STEPS = 12;
/** Anthropic's API wants a limit. */
const ANTHROPIC_OUTPUT = 8_192;
/** Kept free for the answer when no limit is set. */
const USUAL_OUTPUT = 4_096;
/**
 * Bun has 256 requests under way in one process and lets the next wait: silent models must leave room for those of
 * channels, webhooks and tools.
 */
const MAX_TURNS = 192;
/** Asked again with less of the conversation, when a server cannot read as much as was estimated. */
const MAX_HALVINGS = 3;

type ModelSettings = Pick<
  AgentConfig,
  "provider" | "base_url" | "model" | "api_key" | "system_prompt" | "context_tokens" | "max_output_tokens"
>;

/** A model behind an API of OpenAI's shape or Anthropic's. `config` has been checked by `requireAgent`. */
export function openModelAgent(config: ModelSettings, parts: Pick<AgentParts, keyof LineParts>): Agent {
  const target = targetOf(config);
  if ("detail" in target) throw new Error(`Cannot open the model: ${target.detail}. ${target.hint}`);
  return new ModelAgent(config, serverOf(target), parts);
}

interface Question {
  readonly sdk: Sdk;
  readonly instructions: string;
  readonly messages: readonly Said[];
  readonly tools: Tools | null;
  /** Tokens that the messages may be. */
  readonly budget: number;
  readonly halvings: number;
}

class ModelAgent implements Agent {
  readonly kind = "model";
  readonly model: string;
  readonly #config: ModelSettings;
  readonly #server: ModelServer;
  readonly #parts: LineParts;
  readonly #underWay = new Set<AbortController>();
  readonly #exchange: Exchange;
  /** The server refuses requests that offer tools, or that ask for usage. */
  readonly #refuses = new Set<Extra>();
  /** Tokens of a conversation that it can read, once it has refused more. */
  #readable = Number.POSITIVE_INFINITY;

  constructor(config: ModelSettings, server: ModelServer, parts: LineParts) {
    this.#config = config;
    this.#server = server;
    this.#parts = parts;
    this.#exchange = new Exchange(parts.fetch);
    this.model = server.target.model;
  }

  async *run(turn: AgentTurn, signal: AbortSignal): AsyncGenerator<AgentEvent, void, void> {
    signal.throwIfAborted();
    if (this.#underWay.size >= MAX_TURNS) throw fullHouse(this.#server, MAX_TURNS);
    const own = new AbortController();
    const stop = AbortSignal.any([signal, own.signal]);
    this.#underWay.add(own);
    try {
      const question = await untilAborted(this.#questionOf(turn), stop);
      yield* this.#answer(turn, question, stop);
    } catch (error) {
      if (stop.aborted) throw stop.reason;
      throw error instanceof StoreUnavailable ? withoutStore(error) : error;
    } finally {
      this.#underWay.delete(own);
      own.abort(); // whoever left the loop wants no more of it: the server sees it, too
    }
  }

  async stop(): Promise<void> {
    const reason = new AgentError("The gateway is stopping.", { code: "agent_unavailable" });
    for (const own of this.#underWay) own.abort(reason);
  }

  async #questionOf(turn: AgentTurn): Promise<Question> {
    const { context_tokens, system_prompt } = this.#config;
    const sdk = await loadSdk(this.#server.target.wire);
    const tools = await turn.tools();
    const instructions = instructionsFor(turn, { system_prompt, now: this.#parts.clock.now() });
    const output = Math.min(this.#maxOutput ?? USUAL_OUTPUT, Math.floor(context_tokens / 2));
    const around = estimateTokens(instructions) + estimateTokens(JSON.stringify(tools?.specs ?? []));
    const budget = Math.min(context_tokens - output - around, this.#readable);
    const messages = await windowOf(turn, budget);
    const used = tools === null || tools.specs.length === 0 ? null : tools;
    return { sdk, instructions, messages, tools: used, budget, halvings: 0 };
  }

  /** Asks, and again without what the server refuses to hear of, or with less of the conversation. */
  async *#answer(turn: AgentTurn, first: Question, signal: AbortSignal): AsyncGenerator<AgentEvent, void, void> {
    const without = new Set(this.#refuses);
    let question = first;
    for (;;) {
      const attempt = new Attempt(new ModelLine(this.#server, this.#parts), this.#exchange);
      try {
        yield* this.#ask(question, attempt, without, signal);
        for (const extra of without) this.#remember(extra);
        // Not what a stranger's text showed: a very dense one would shorten everybody's conversations.
        if (question.halvings > 0 && turn.reach !== "channel") this.#rememberBudget(question.budget);
        return;
      } catch (error) {
        if (signal.aborted) throw error;
        const failure = attempt.line.failure ?? (attempt.fresh ? tooLongIn(this.#server, error) : null) ?? error;
        if (!(failure instanceof Refusal) || !attempt.fresh) throw await this.#explain(failure, signal);
        const extra = refusedExtra(failure);
        const shorter = isTooLong(failure) ? await untilAborted(this.#shorter(turn, question), signal) : null;
        const sent = extra !== null && !without.has(extra) && (extra === "usage" || question.tools !== null);
        if (shorter !== null) question = shorter;
        else if (sent) without.add(extra);
        else throw await this.#explain(failure, signal);
      } finally {
        attempt.connected.leave();
      }
    }
  }

  /**
   * The question with half of what was sent of the conversation; null when that was tried often enough, or is no less.
   * What was just said is cut only when nothing is left before it.
   */
  async #shorter(turn: AgentTurn, question: Question): Promise<Question | null> {
    if (question.halvings === MAX_HALVINGS) return null;
    const sent = costOf(...question.messages);
    const newest = costOf({ content: turn.text });
    const budget = Math.max(Math.floor(sent / 2), newest < sent ? newest : 0);
    const messages = await windowOf(turn, budget);
    return costOf(...messages) < sent ? { ...question, messages, budget, halvings: question.halvings + 1 } : null;
  }

  async *#ask(
    { sdk, instructions, messages, tools }: Question,
    { line, speech, connected }: Attempt,
    without: ReadonlySet<Extra>,
    signal: AbortSignal,
  ): AsyncGenerator<AgentEvent, void, void> {
    const { log } = this.#parts;
    const { target } = this.#server;
    const offered = tools === null || without.has("tools") ? null : offer(tools, sdk, log, signal);
    const maxOutputTokens = this.#maxOutput;
    const { stream } = sdk.streamText({
      model: this.#exchange.model(sdk, target, !without.has("usage")),
      headers: connected.headers,
      instructions,
      messages: [...messages],
      ...(offered === null ? {} : { tools: offered }),
      stopWhen: sdk.isStepCount(MAX_STEPS),
      prepareStep: ({ stepNumber }) => (stepNumber === MAX_STEPS - 1 && offered !== null ? { toolChoice: "none" } : {}),
      maxRetries: 0, // the line asks again by itself, on the gateway's clock
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      abortSignal: signal,
      onError: () => {}, // without it, it writes to the console
    });
    for await (const part of stream) {
      if (part.type === "abort") signal.throwIfAborted();
      if (part.type === "error") throw endOf(this.#server, part.error, speech);
      if (HEARD.has(part.type)) line.spoke();
      yield* speech.events(part);
    }
    yield this.#end(speech);
  }

  /** @throws AgentError when what was said is no answer */
  #end(speech: Speech): AgentEvent {
    const { finish, spoken, acted, steps, usage } = speech;
    if (finish === "interrupted" || finish === "error" || finish === "") throw brokenOff(this.#server);
    const enough = spoken || (acted && finish === "stop");
    if (!enough || finish === "content-filter" || finish === "tool-calls") throw noAnswer(this.#server, finish, steps);
    if (finish === "length") {
      this.#parts.log.warn("An answer was cut off at its longest; raise agent.max_output_tokens", {
        model: this.model,
        output_tokens: usage?.output_tokens,
      });
    }
    return { type: "done", ...(usage === null ? {} : { usage }), ...(finish === "length" ? { cut: true } : {}) };
  }

  async #explain(failure: unknown, signal: AbortSignal): Promise<unknown> {
    if (failure instanceof AgentError) return failure;
    if (!(failure instanceof Refusal)) return failedStream(this.#server, failure);
    const models = isUnknownModel(failure) ? await knownModels(this.#server, this.#parts, signal) : [];
    return refused(this.#server, failure, models);
  }

  #remember(extra: Extra): void {
    if (this.#refuses.has(extra)) return;
    this.#refuses.add(extra);
    const what =
      extra === "tools" ? "The model takes no tools; it is asked without them" : "The server counts no tokens";
    this.#parts.log.warn(what, { model: this.model, server: this.#server.shown });
  }

  #rememberBudget(tokens: number): void {
    const known = this.#readable !== Number.POSITIVE_INFINITY;
    this.#readable = Math.min(this.#readable, tokens);
    if (known) return;
    const { context_tokens } = this.#config;
    this.#parts.log.warn(
      "The model reads less than was sent; it is sent shorter conversations. Lower agent.context_tokens",
      {
        model: this.model,
        server: this.#server.shown,
        context_tokens,
        conversation_tokens: tokens,
      },
    );
  }

  get #maxOutput(): number | undefined {
    const { max_output_tokens } = this.#config;
    return max_output_tokens ?? (this.#server.target.wire === "anthropic" ? ANTHROPIC_OUTPUT : undefined);
  }
}

/** One way of asking a question, and how far it came. */
class Attempt {
  readonly line: ModelLine;
  readonly connected: Connected;
  readonly speech = new Speech();

  constructor(line: ModelLine, exchange: Exchange) {
    this.line = line;
    this.connected = exchange.connect(line);
  }

  /** Nothing was said or done yet, so that it can begin again. */
  get fresh(): boolean {
    return !this.speech.spoken && !this.speech.acted;
  }
}

/** What a request can do without. */
type Extra = "tools" | "usage";

const HEARD: ReadonlySet<string> = new Set(["text-delta", "reasoning-delta", "tool-input-start", "tool-input-delta"]);

/** What a server that refused a request says it cannot take. llama.cpp without `--jinja` says so with a 500. */
function refusedExtra({ status, said }: Refusal): Extra | null {
  if (status === 401 || status === 403 || status === 429 || (status >= 500 && !/jinja/i.test(said))) return null;
  if (/stream_options|include_usage/.test(said)) return "usage";
  return /\btools?\b|tool_choice|function.?call/i.test(said) ? "tools" : null;
}

/** The SDK's error for a tool call after the last step that may have one is the end of the loop, not a fault of the server's. */
function endOf(server: ModelServer, error: unknown, { steps }: Speech): unknown {
  return steps === MAX_STEPS && /tool choice was none/.test(String(error))
    ? noAnswer(server, "tool-calls", steps)
    : error;
}

function withoutStore(error: StoreUnavailable): AgentError {
  return new AgentError("The store is unavailable, so the conversation could not be read. Try again later.", {
    cause: error,
  });
}
