import { AnswerPrinter } from "./answer-printer.ts";
import { Question } from "./ask.ts";
import { showOutcome } from "./chat-outcome.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { readLines } from "./input.ts";
import { type LocalClient, Refused } from "./local-client.ts";

/** What a conversation needs to be had. */
export interface ChatParts {
  readonly client: LocalClient;
  readonly session: string;
  /** Ends the command with an exit code, whatever is under way. */
  readonly leave: (code: number) => void;
}

/** The conversation of a pipe or a file: each line one message, one after the other, and nothing on stdout but answers. */
export class PipedChat {
  readonly #context: Context;
  readonly #parts: ChatParts;
  #question: Question | null = null;
  #presses = 0;

  constructor(context: Context, parts: ChatParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Resolves to the exit code: 1 when a message failed. @throws CommandError when the gateway has gone */
  async talk(): Promise<number> {
    let failures = 0;
    for await (const line of readLines(this.#context.input)) {
      if (line.trim() !== "" && !(await this.#exchange(line))) failures += 1;
    }
    return failures > 0 ? EXIT.failed : EXIT.ok;
  }

  /** Cancels the answer under way, then leaves. */
  interrupted(): void {
    this.#presses += 1;
    const leave = () => this.#parts.leave(EXIT.interrupted);
    if (this.#presses > 1 || !this.#question) leave();
    // A gateway that cannot be asked to cancel has gone, and that ends the answer too.
    else void this.#question.cancel().then(leave, leave);
  }

  /** Says one message and prints the answer. True when there was one. @throws CommandError */
  async #exchange(text: string): Promise<boolean> {
    const { terminal, clock, args } = this.#context;
    const { client, session } = this.#parts;
    const question = new Question(client, clock, { text, session }, "send the message");
    const printer = new AnswerPrinter(terminal, { thoughts: args.flag("thoughts") });
    this.#question = question;
    this.#presses = 0;
    try {
      return showOutcome(terminal, printer, await question.answer(printer));
    } catch (error) {
      printer.breakLine();
      // A refused message is one message's trouble; without a gateway the rest has no sense.
      if (!(error instanceof Refused)) throw error;
      terminal.error(error.message);
      return false;
    } finally {
      this.#question = null;
    }
  }
}
