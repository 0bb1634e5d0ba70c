import { type ChatInput, type ChatListener, type Choice, chosen, PROMPT } from "./chat-input.ts";
import { type Input, readLines } from "./input.ts";
import type { Terminal } from "./terminal.ts";

/** Lines as the terminal itself edits them: for those that know no escape sequences. */
export class PlainChatInput implements ChatInput {
  readonly #input: Input;
  readonly #terminal: Terminal;
  #choice: Choice | null = null;
  /** The prompt is the last thing on the screen. */
  #prompted = false;

  constructor(input: Input, terminal: Terminal) {
    this.#input = input;
    this.#terminal = terminal;
  }

  async read(listener: ChatListener): Promise<void> {
    let begun = "";
    for await (const line of readLines(this.#input)) {
      this.#prompted = false;
      if (this.#choice) this.#choose(this.#choice, line);
      else if (line.endsWith("\\")) begun += `${line.slice(0, -1)}\n`;
      else {
        listener.line(begun + line);
        begun = "";
      }
    }
    if (begun !== "") listener.line(begun);
    this.#choice?.settle(null);
  }

  busy(on: boolean): void {
    this.#prompted = !on;
    if (!on) this.#terminal.write(PROMPT);
  }

  print(write: () => void): void {
    this.#endPrompt();
    write();
  }

  choose(question: string, words: readonly string[], signal: AbortSignal): Promise<string | null> {
    return new Promise((resolve) => {
      const settle = (word: string | null) => {
        signal.removeEventListener("abort", giveUp);
        this.#choice = null;
        resolve(word);
      };
      const giveUp = () => {
        this.#terminal.print();
        settle(null);
      };
      if (signal.aborted) return resolve(null);
      signal.addEventListener("abort", giveUp, { once: true });
      this.#choice = { question, words, settle };
      this.#terminal.write(question);
    });
  }

  remember(): void {}

  close(): void {
    this.#endPrompt();
  }

  #endPrompt(): void {
    if (this.#prompted) this.#terminal.print();
    this.#prompted = false;
  }

  #choose({ question, words, settle }: Choice, line: string): void {
    const word = chosen(line, words);
    if (word === undefined) this.#terminal.write(question);
    else settle(word);
  }
}
