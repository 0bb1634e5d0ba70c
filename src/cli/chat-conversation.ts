import { AnswerPrinter } from "./answer-printer.ts";
import { isSessionName, Question, SESSION_NAME_RULE } from "./ask.ts";
import { CHAT_HELP, chatLine } from "./chat-command.ts";
import { readEarlier } from "./chat-history.ts";
import type { ChatInput, ChatListener } from "./chat-input.ts";
import { showOutcome } from "./chat-outcome.ts";
import { PermissionAsker } from "./chat-permission.ts";
import type { ChatParts } from "./chat-piped.ts";
import { ChatReader } from "./chat-reader.ts";
import { listSessions } from "./chat-sessions.ts";
import type { Context } from "./command.ts";
import { CommandError, EXIT } from "./exit-codes.ts";
import { printableLine } from "./printable.ts";

const DOING = "send the message";

/** What waits for its turn. */
type Item =
  | { readonly kind: "message"; readonly question: Question; readonly text: string }
  | { readonly kind: "session"; readonly name: string }
  | { readonly kind: "sessions" };

/** The conversation of a person at a terminal: what is typed while an answer is written waits for its turn. */
export class Conversation implements ChatListener {
  readonly #context: Context;
  readonly #parts: ChatParts;
  readonly #input: ChatInput;
  readonly #queue: Item[] = [];
  #session: string;
  #current: { readonly question: Question; readonly printer: AnswerPrinter } | null = null;
  #busy = true;
  #ended = false;
  #presses = 0;
  #wake = () => {};
  /** Rejects with what is nobody's fault at the keyboard. */
  readonly #broken = Promise.withResolvers<never>();

  constructor(context: Context, { input, ...parts }: ChatParts & { readonly input: ChatInput }) {
    this.#context = context;
    this.#parts = parts;
    this.#input = input;
    this.#session = parts.session;
  }

  /** Resolves to the exit code when the person has left. */
  async talk(): Promise<number> {
    await this.#remind();
    const reading = this.#input.read(this).then(() => {
      this.#ended = true;
      this.#wake();
    });
    await Promise.race([Promise.all([reading, this.#work()]), this.#broken.promise]);
    return EXIT.ok;
  }

  line(text: string): void {
    this.#presses = 0;
    const line = chatLine(text);
    switch (line.kind) {
      case "message":
        if (line.text.trim() === "") this.#prompt();
        else this.#enqueue({ kind: "message", text: line.text, question: this.#question(line.text) });
        return;
      case "now":
        this.#now(line.text);
        return;
      case "session":
        this.#choose(line.name);
        return;
      case "sessions":
        this.#enqueue({ kind: "sessions" });
        return;
      case "help":
        this.#say(...CHAT_HELP);
        return;
      case "quit":
        this.#parts.leave(EXIT.ok);
        return;
      case "unknown":
        this.#refuse(`There is no "${line.name}": see :help. To send it to the agent, begin with "::".`);
    }
  }

  interrupted(): void {
    this.#presses += 1;
    const current = this.#current;
    if (this.#presses > 1) this.#parts.leave(EXIT.interrupted);
    else if (current) {
      // A gateway that cannot be asked has gone; that ends the answer too, and is said then.
      void current.question.cancel().catch(() => undefined);
    } else this.#say("Ctrl+C again, or Ctrl+D, leaves.");
  }

  midLine(): boolean {
    return this.#current?.printer.midLine ?? false;
  }

  async #work(): Promise<void> {
    for (;;) {
      const item = this.#queue.shift();
      if (item) await this.#do(item);
      else if (this.#ended) return;
      else {
        this.#busy = false;
        this.#prompt();
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }

  async #do(item: Item): Promise<void> {
    if (item.kind === "message") return this.#exchange(item.question);
    if (item.kind === "session") {
      this.#session = item.name;
      this.#note(`In the conversation "${item.name}".`);
      return this.#remind();
    }
    try {
      const lines = await listSessions(this.#parts.client, this.#session);
      this.#input.print(() => this.#context.terminal.print(lines.join("\n")));
    } catch (error) {
      this.#failed(error);
    }
  }

  async #exchange(question: Question): Promise<void> {
    const { terminal, args } = this.#context;
    const printer = new AnswerPrinter(terminal, { thoughts: args.flag("thoughts") });
    const asker = new PermissionAsker(this.#parts.client, this.#input, (error) => this.#failed(error));
    this.#current = { question, printer };
    this.#presses = 0;
    try {
      const outcome = await question.answer(new ChatReader(printer, asker, this.#input));
      const [next] = this.#queue;
      const steered = next?.kind === "message" && next.question.steers && this.#presses === 0;
      this.#input.print(() =>
        showOutcome(terminal, printer, outcome, steered ? "Stopped: your message goes first." : "Cancelled."),
      );
    } catch (error) {
      this.#input.print(() => printer.breakLine());
      this.#failed(error);
    } finally {
      asker.stop();
      this.#current = null;
    }
  }

  /** Sends it at once, so that the gateway stops what it is answering; its own answer is read when that has ended. */
  #now(text: string): void {
    const item: Item = { kind: "message", text, question: this.#question(text, true) };
    if (text === "") this.#refuse("There is nothing to send: :now <text>");
    else if (this.#current) this.#sendFirst(item);
    else this.#enqueue(item);
  }

  #sendFirst(item: Item & { readonly kind: "message" }): void {
    this.#queue.unshift(item);
    item.question.send().catch((error: unknown) => {
      const at = this.#queue.indexOf(item);
      if (at < 0) return; // its turn has come, and with it the error
      this.#queue.splice(at, 1);
      this.#failed(error);
    });
  }

  #choose(name: string): void {
    if (name === "") this.#say(`This is the conversation "${this.#session}". For another: :session <name>`);
    else if (isSessionName(name)) this.#enqueue({ kind: "session", name });
    else this.#refuse(`"${name}" is not a session's name: ${SESSION_NAME_RULE}.`);
  }

  #enqueue(item: Item): void {
    this.#queue.push(item);
    if (this.#busy) {
      if (item.kind === "message")
        this.#note("Queued: it is sent when this answer has ended. :now <text> does not wait.");
      return;
    }
    this.#busy = true;
    this.#input.busy(true);
    this.#wake();
  }

  #question(text: string, steer = false): Question {
    const { client } = this.#parts;
    // A session that is chosen in the line before counts, although its turn has not come.
    const chosen = this.#queue.findLast((item) => item.kind === "session");
    const session = steer ? this.#session : (chosen?.name ?? this.#session);
    return new Question(client, this.#context.clock, { text, session, steer, permissions: true }, DOING);
  }

  /** Shows how the conversation went on before. */
  async #remind(): Promise<void> {
    const { lines, questions } = await readEarlier(this.#parts.client, this.#session);
    this.#input.remember(questions);
    if (lines.length > 0) this.#note("earlier:", ...lines, "");
  }

  #prompt(): void {
    if (!this.#busy) this.#input.busy(false);
  }

  /** Asides of ours, between what is said. */
  #note(...lines: readonly string[]): void {
    const { terminal } = this.#context;
    this.#input.print(() => {
      this.#current?.printer.breakLine();
      for (const line of lines) terminal.note(terminal.noteStyle("dim", line));
    });
  }

  #say(...lines: readonly string[]): void {
    this.#note(...lines);
    this.#prompt();
  }

  #refuse(text: string): void {
    this.#input.print(() => {
      this.#current?.printer.breakLine();
      this.#context.terminal.error(printableLine(text));
    });
    this.#prompt();
  }

  /** A message's trouble does not end the conversation: a person can start the gateway, or say something else. */
  #failed(error: unknown): void {
    if (error instanceof CommandError) this.#input.print(() => this.#context.terminal.error(error.message));
    else this.#broken.reject(error);
  }
}
