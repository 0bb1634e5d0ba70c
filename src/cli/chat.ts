import { configDir } from "../config/paths.ts";
import { isObject } from "../lib/json.ts";
import { AnswerPrinter } from "./answer-printer.ts";
import { LEFT, type Outcome, Question, sessionOf } from "./ask.ts";
import type { Context } from "./command.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { readLines } from "./input.ts";
import { LocalClient, Refused } from "./local-client.ts";
import { cell } from "./rows.ts";
import type { Terminal } from "./terminal.ts";

const DOING = "send the message";

/** `zeroclaw chat`: a conversation, line by line. Ctrl+C cancels the answer under way, once more leaves; Ctrl+D leaves. */
export async function chat(context: Context): Promise<number> {
  const { args, terminal, clock, env, events, input } = context;
  const client = new LocalClient(configDir(env), clock);
  const session = sessionOf(args);
  const interactive = terminal.isTerminal && (await input.isTerminal());
  const conversation = new Conversation(context, client, session, interactive);
  // Asked first, so that nobody types a message to a gateway that is not there.
  const { agent } = await client.ask({ path: "/api/status", doing: "chat" });
  const left = Promise.withResolvers<number>();
  const stopListening = events.onSignal(["SIGINT"], () => {
    conversation.interrupted(() => left.resolve(EXIT.interrupted));
  });
  try {
    if (conversation.interactive) greet(terminal, isObject(agent) ? cell(agent, "kind") : "");
    return await Promise.race([conversation.talk(), left.promise]);
  } finally {
    stopListening();
  }
}

function greet(terminal: Terminal, agent: string): void {
  const who = agent === "" ? "the agent" : `the agent "${agent}"`;
  terminal.note(terminal.noteStyle("dim", `Talking to ${who}. Ctrl+C cancels an answer; Ctrl+D leaves.`));
}

class Conversation {
  /** Whether a person types and reads. */
  readonly interactive: boolean;
  readonly #context: Context;
  readonly #client: LocalClient;
  readonly #session: string | undefined;
  #question: Question | null = null;
  #presses = 0;

  constructor(context: Context, client: LocalClient, session: string | undefined, interactive: boolean) {
    this.interactive = interactive;
    this.#context = context;
    this.#client = client;
    this.#session = session;
  }

  /** Every line a message, until there are no more. Resolves to the exit code: 1 when a piped message failed. */
  async talk(): Promise<number> {
    let failures = 0;
    this.#prompt();
    for await (const line of readLines(this.#context.input)) {
      if (line.trim() !== "" && !(await this.#exchange(line))) failures += 1;
      this.#prompt();
    }
    if (this.interactive) this.#context.terminal.print();
    return failures > 0 && !this.interactive ? EXIT.failed : EXIT.ok;
  }

  /** Takes a Ctrl+C, and calls `leave` when it is time to. */
  interrupted(leave: () => void): void {
    this.#presses += 1;
    const question = this.#question;
    if (this.#presses > 1) leave();
    else if (question) {
      // A gateway that cannot be asked to cancel has gone, and that ends the answer too.
      const cancelled = question.cancel().catch(() => {});
      if (!this.interactive) void cancelled.then(leave);
    } else if (this.interactive) {
      this.#context.terminal.note("\nCtrl+C again, or Ctrl+D, leaves.");
      this.#prompt();
    } else leave();
  }

  /** Says one message and prints the answer. True when there was one. @throws CommandError when the gateway has gone. */
  async #exchange(text: string): Promise<boolean> {
    const { terminal } = this.#context;
    const question = new Question(this.#client, { text, session: this.#session }, DOING);
    const printer = new AnswerPrinter(terminal);
    this.#question = question;
    this.#presses = 0;
    try {
      return this.#show(await question.answer(printer), printer);
    } catch (error) {
      printer.breakLine();
      // A refused message is one message's trouble; without a gateway the rest has no sense, unless a person may start it.
      if (!(error instanceof Refused || (this.interactive && error instanceof CommandError))) throw error;
      terminal.error(error.message);
      return false;
    } finally {
      this.#question = null;
    }
  }

  #show(outcome: Outcome, printer: AnswerPrinter): boolean {
    const { terminal } = this.#context;
    if (outcome.kind === "answered") {
      printer.end(outcome.content);
      return true;
    }
    printer.breakLine();
    if (outcome.kind === "cancelled") terminal.note("Cancelled.");
    else if (outcome.kind === "left") terminal.note(LEFT);
    else terminal.error(`The agent could not answer: ${outcome.detail}`);
    return false;
  }

  #prompt(): void {
    if (this.interactive) this.#context.terminal.write("> ");
  }
}
