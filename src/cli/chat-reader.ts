import type { AnswerPrinter } from "./answer-printer.ts";
import type { PermissionQuestion, Reader } from "./ask.ts";
import type { ChatInput } from "./chat-input.ts";
import type { PermissionAsker } from "./chat-permission.ts";

/** Prints an answer above what is being typed, and asks what the agent asks. */
export class ChatReader implements Reader {
  readonly #printer: AnswerPrinter;
  readonly #asker: PermissionAsker;
  readonly #input: ChatInput;

  constructor(printer: AnswerPrinter, asker: PermissionAsker, input: ChatInput) {
    this.#printer = printer;
    this.#asker = asker;
    this.#input = input;
  }

  text(piece: string): void {
    this.#input.print(() => this.#printer.text(piece));
  }

  thought(piece: string): void {
    this.#input.print(() => this.#printer.thought(piece));
  }

  restarted(): void {
    this.#asker.stop();
    this.#input.print(() => this.#printer.restarted());
  }

  disconnected(): void {
    this.#asker.stop(); // a question that still stands is asked again; one of a gateway that has gone can be answered by nobody
    this.#input.print(() => this.#printer.disconnected());
  }

  tool(name: string, state: string): void {
    this.#input.print(() => this.#printer.tool(name, state));
  }

  permission(question: PermissionQuestion): void {
    if (!this.#asker.knows(question.request_id)) this.#input.print(() => this.#printer.permission(question));
    this.#asker.ask(question);
  }

  permissionSettled(request_id: string, decision: string): void {
    if (this.#asker.settled(request_id)) {
      this.#input.print(() => this.#printer.permissionSettled(request_id, decision));
    }
  }
}
