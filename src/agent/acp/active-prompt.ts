import { untilAborted } from "../../lib/abort.ts";
import type { Clock } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import type { Usage } from "../../protocol/run.ts";
import { AgentError, type AgentEvent, type AgentTurn } from "../agent.ts";
import type { AcpConnection, PromptListener } from "./connection.ts";
import { EventQueue } from "./event-queue.ts";
import { PermissionDesk, type PermissionOutcome, type PermissionQuestion } from "./permission.ts";
import { UpdateReader } from "./updates.ts";

/** An agent that is told to stop has this long, then its process is ended. */
const CANCEL_MS = 5_000;

export interface PromptParts {
  readonly connection: AcpConnection;
  readonly sessionId: string;
  readonly text: string;
  readonly turn: Pick<AgentTurn, "reach" | "once" | "event">;
  readonly clock: Clock;
}

/** One `session/prompt`, from its sending to its response: what the agent says meanwhile, as events. */
export class ActivePrompt implements PromptListener {
  /** Resolves when the agent has answered the request, or its process is over. */
  readonly settled: Promise<void>;
  readonly #parts: PromptParts;
  readonly #queue = new EventQueue();
  readonly #reader = new UpdateReader((event) => this.#queue.push(event));
  readonly #desk: PermissionDesk;
  #over = false;

  constructor(parts: PromptParts) {
    this.#parts = parts;
    const { connection, sessionId, text, turn } = parts;
    // Nobody sits in front of a webhook or a single request, and a stranger's text must not get a yes.
    const mayAsk = turn.reach !== "channel" && !turn.once && turn.event === null;
    this.#desk = new PermissionDesk(mayAsk ? (event) => this.#queue.push(event) : null);
    this.settled = connection.prompt(sessionId, text, this).then(
      (answer) => this.#conclude(answer),
      (error) => this.#end(error),
    );
  }

  /** What the agent says, `done` last. @throws AgentError; the signal's reason, at once */
  async *events(signal: AbortSignal): AsyncGenerator<AgentEvent, void, void> {
    for (;;) {
      const event = await untilAborted(this.#queue.next(), signal);
      if (event === null) return;
      yield event;
    }
  }

  /** Stops the answer, unless it is over. */
  cancel(): void {
    this.#desk.close();
    if (this.#over) return;
    const { connection, sessionId, clock } = this.#parts;
    connection.cancel(sessionId);
    const timer = clock.after(CANCEL_MS, () => connection.kill(deaf(connection.name), true));
    void this.settled.then(() => timer.cancel());
  }

  update(update: Readonly<Record<string, unknown>>): void {
    this.#reader.read(update);
  }

  permission(question: PermissionQuestion): Promise<PermissionOutcome> {
    return this.#desk.ask(question);
  }

  #conclude(answer: unknown): void {
    const { stopReason, usage } = isObject(answer) ? answer : {};
    const failure = failureFor(stopReason, this.#parts.connection.name);
    if (failure !== null) {
      this.#end(failure);
      return;
    }
    const { spoke, tools } = this.#reader;
    if (!spoke && tools === 0) {
      this.#end(wordless(stopReason, this.#parts.connection.name));
      return;
    }
    if (!spoke)
      this.#queue.push({ type: "delta", content: `(no words; it used ${tools} ${tools === 1 ? "tool" : "tools"})` });
    const counted = usageOf(usage);
    this.#queue.push({ type: "done", ...(counted === null ? {} : { usage: counted }) });
    this.#end(null);
  }

  #end(error: unknown): void {
    this.#over = true;
    this.#desk.close();
    if (error === null) this.#queue.finish();
    else this.#queue.fail(error);
  }
}

/** What a stop reason means when it is no end of an answer. Reasons of later versions are taken for one. */
function failureFor(stopReason: unknown, name: string): AgentError | null {
  switch (stopReason) {
    case "refusal":
      return new AgentError(`The agent "${name}" refused to answer. Say it in another way.`, { permanent: true });
    case "max_turn_requests":
      return new AgentError(
        `The agent "${name}" asked its model as often as it may for one answer, and was not done. Ask for less at once.`,
        { permanent: true },
      );
    case "cancelled":
      return new AgentError(`The agent "${name}" stopped in the middle of its answer, and was not asked to.`);
    default:
      return null;
  }
}

function wordless(stopReason: unknown, name: string): AgentError {
  const why = stopReason === "max_tokens" ? " because it ran out of tokens" : "";
  return new AgentError(`The agent "${name}" ended its answer without a word${why}.`);
}

/** Some agents count (a draft of ACP); `usage_update` tells how full the context is, which is no use of this turn. */
function usageOf(usage: unknown): Usage | null {
  if (!isObject(usage)) return null;
  const { inputTokens, outputTokens } = usage;
  const counts = [inputTokens, outputTokens].filter((n): n is number => Number.isSafeInteger(n) && Number(n) >= 0);
  const [input_tokens, output_tokens] = counts;
  return input_tokens === undefined || output_tokens === undefined ? null : { input_tokens, output_tokens };
}

function deaf(name: string): AgentError {
  return new AgentError(
    `The process of the agent "${name}" was ended, because it did not stop an answer within ${CANCEL_MS / 1_000} s.`,
  );
}
