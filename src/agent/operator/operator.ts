import { nearest } from "../../lib/nearest.ts";
import { clean } from "../../lib/plain-text.ts";
import type { EventWithBody } from "../../protocol/event.ts";
import { StoreUnavailable } from "../../store/store.ts";
import { type Agent, AgentError, type AgentEvent, type AgentTurn } from "../agent.ts";
import { type Asker, askerOf } from "../desk/asker.ts";
import type { Desk } from "../desk/desk.ts";
import type { AgentKind, CommandContext } from "./command.ts";
import { usage } from "./commands/help.ts";
import { COMMANDS, parseCommand, type Typed } from "./commands.ts";
import { answerFreeText, intentOf } from "./free-text.ts";
import { pieces } from "./pieces.ts";
import { inline } from "./untrusted.ts";

export interface OperatorParts {
  readonly desk: Desk;
  /** One line about a delivery (`inbox/summary/`). */
  readonly summarize: (event: EventWithBody) => string;
  /** The values of `agent.kind`, for `/agent`. */
  readonly kinds: readonly AgentKind[];
  /** IANA time zone of `/remind`. @default "UTC" */
  readonly zone?: string;
}

/** Pieces of an answer between two turns of the event loop. */
const PIECES_A_TURN = 8;
const MAX_TOOL_INPUT = 500;

const TO_STRANGERS =
  "I am the built-in operator of this gateway, not a language model. What you write is kept for its owner; I cannot look anything up for you.";

/** To the writer of a comment or a WhatsApp message: a summary of their own words would tell them nothing. */
const ACKNOWLEDGED =
  "Received, and kept for the owner of this gateway. This answer was written by its built-in operator, which is neither a person nor a language model.";

/**
 * The agent that needs no key, no network and no model: commands and a search over what the gateway has stored. The same
 * stores and the same clock give the same bytes. Everything that strangers wrote is escaped before it is shown.
 */
export class Operator implements Agent {
  readonly kind = "operator";
  readonly model = "operator";
  readonly #parts: OperatorParts;
  readonly #zone: string;

  /** @throws RangeError when `zone` is no time zone. */
  constructor(parts: OperatorParts) {
    this.#parts = parts;
    this.#zone = canonicalZone(parts.zone ?? "UTC");
  }

  async *run(turn: AgentTurn, signal: AbortSignal): AsyncGenerator<AgentEvent> {
    signal.throwIfAborted();
    const task = this.#taskOf(turn, signal);
    const { tool } = task;
    const call = { type: "tool", call_id: `${turn.run_id}:${turn.attempt}`, name: tool?.name ?? "" } as const;
    if (tool) yield { ...call, state: "running", input: tool.input };
    let text: string;
    try {
      text = await task.answer();
    } catch (error) {
      if (tool) yield { ...call, state: "failed" };
      throw signal.aborted ? signal.reason : failure(error);
    }
    if (tool) yield { ...call, state: "done" };
    yield* speak(text, task.whole, signal);
    yield { type: "done" };
  }

  async stop(): Promise<void> {}

  #taskOf(turn: AgentTurn, signal: AbortSignal): Task {
    // A stranger's delivery first, whatever reach its turn has: its text is never read as a command.
    if (turn.event) return said(turn.goesBack ? ACKNOWLEDGED : this.#parts.summarize(turn.event), true);
    if (turn.origin === "reminder") return said(`Reminder: ${clean(turn.text).trim()}`);
    const asker = askerOf(turn);
    if (!asker) return said(TO_STRANGERS);
    const typed = parseCommand(turn.text);
    return typed ? this.#command(turn, asker, typed, signal) : this.#freeText(turn, asker, signal);
  }

  #command(turn: AgentTurn, asker: Asker, typed: Typed, signal: AbortSignal): Task {
    const usable = COMMANDS.filter(({ reach }) => asker.reach === "owner" || reach === "chat");
    const command = usable.find(({ name }) => name === typed.name);
    if (!command)
      return said(
        unknown(
          typed.name,
          usable.map(({ name }) => name),
        ),
      );
    const context = this.#context(turn, asker, typed.args, signal);
    const tool = command.looks
      ? { name: command.name, input: { args: typed.args.slice(0, MAX_TOOL_INPUT).toWellFormed() } }
      : null;
    return { tool, whole: false, answer: async () => command.run(context) };
  }

  #freeText(turn: AgentTurn, asker: Asker, signal: AbortSignal): Task {
    const context = this.#context(turn, asker, "", signal);
    const intent = intentOf(turn.text, asker.reach);
    if (intent) return { tool: null, whole: false, answer: async () => intent.answer(context) };
    const input = { args: turn.text.slice(0, MAX_TOOL_INPUT).toWellFormed() };
    return { tool: { name: "search", input }, whole: false, answer: () => answerFreeText(context, turn.text) };
  }

  #context(turn: AgentTurn, asker: Asker, args: string, signal: AbortSignal): CommandContext {
    const { desk, summarize, kinds } = this.#parts;
    return { desk, asker, turn, args, now: desk.clock.now(), zone: this.#zone, summarize, kinds, signal };
  }
}

interface Task {
  /** What the turn shows as a tool call; null when nothing is looked up. */
  readonly tool: { readonly name: string; readonly input: { readonly args: string } } | null;
  /** In one delta: nobody watches an event's answer grow, and the inbox has many of them. */
  readonly whole: boolean;
  answer(): Promise<string>;
}

function said(text: string, whole = false): Task {
  return { tool: null, whole, answer: async () => text };
}

function unknown(name: string, usable: readonly string[]): string {
  if (COMMANDS.some((command) => command.name === name)) {
    return `\`/${name}\` is for devices with the scope “owner”. \`/help\` lists what this one may use.`;
  }
  const near = nearest(name, usable);
  const meant = COMMANDS.find((command) => command.name === near);
  const hint = meant ? ` Did you mean \`${usage(meant)}\`?` : "";
  return `There is no command “/${inline(name, 40)}”.${hint} \`/help\` lists them all.`;
}

async function* speak(text: string, whole: boolean, signal: AbortSignal): AsyncGenerator<AgentEvent> {
  let spoken = 0;
  for (const content of whole ? [text] : pieces(text)) {
    signal.throwIfAborted();
    yield { type: "delta", content };
    spoken += 1;
    // A promise alone would keep the event loop to this answer; an immediate lets everybody else have a turn.
    if (spoken % PIECES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What people can act on is said; the rest goes up as it is, to be logged. */
function failure(error: unknown): unknown {
  if (!(error instanceof StoreUnavailable)) return error;
  return new AgentError("The store is unavailable, so nothing could be looked up or kept. Try again later.", {
    cause: error,
  });
}

/** @throws RangeError when there is no such zone */
function canonicalZone(zone: string): string {
  // Intl takes 9 ms and 6 MB the first time, which a start without a zone of its own need not pay.
  return zone === "UTC" ? zone : new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
}
