import { AnswerText } from "./answer-text.ts";
import type { PermissionQuestion, Reader } from "./ask.ts";
import { MarkdownStream } from "./markdown.ts";
import { printable, printableLine } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/** Prints an answer while it is written: for a terminal that shows styles as Markdown, else as it is. */
export class AnswerPrinter implements Reader {
  readonly #terminal: Terminal;
  readonly #thoughts: boolean;
  #text = new AnswerText();
  #markdown: MarkdownStream | null;
  #shown = "";
  #thought = "";
  #midLine = false;

  /** `thoughts`: show what the agent thinks, too. @default false */
  constructor(terminal: Terminal, { thoughts = false }: { readonly thoughts?: boolean } = {}) {
    this.#terminal = terminal;
    this.#thoughts = thoughts;
    this.#markdown = this.#newMarkdown();
  }

  /** Whether a line was begun and not ended. */
  get midLine(): boolean {
    return this.#midLine;
  }

  text(piece: string): void {
    if (piece === "") return;
    this.#endThought();
    this.#shown += piece;
    const text = this.#text.push(piece);
    this.#write(this.#markdown ? this.#markdown.push(text) : text);
  }

  thought(piece: string): void {
    if (!this.#thoughts) return;
    const lines = (this.#thought + piece).split("\n");
    const rest = lines.pop() ?? "";
    this.#thought = "";
    for (const line of lines) this.#aside(`  ${printable(line)}`);
    this.#thought = rest;
  }

  restarted(): void {
    this.breakLine();
    this.#shown = "";
    this.#markdown = this.#newMarkdown();
    this.#aside("The gateway was restarted; the answer begins again:");
  }

  disconnected(): void {
    this.#aside("The connection to the gateway broke; waiting for it to come back…");
  }

  tool(name: string, state: string): void {
    if (this.#terminal.notesAreRead) this.#aside(`· ${printableLine(name)}: ${printableLine(state)}`);
  }

  /** Whoever can answer overrides this; the agent asks only those who said that they can. */
  permission({ title }: PermissionQuestion): void {
    this.#aside(`The agent asks: ${printableLine(title)}`);
  }

  permissionSettled(_request_id: string, decision: string): void {
    this.#aside(`The answer was: ${printableLine(decision)}`);
  }

  /** Prints what of the whole answer has not been shown, and ends its line. */
  end(content: string): void {
    if (content.startsWith(this.#shown)) this.text(content.slice(this.#shown.length));
    else {
      this.breakLine();
      this.#markdown = this.#newMarkdown();
      this.text(content);
    }
    this.breakLine();
  }

  /** Ends what was begun: a thought, a line, its style. */
  breakLine(): void {
    this.#endThought();
    const held = this.#text.flush();
    this.#write(this.#markdown ? this.#markdown.push(held) + this.#markdown.flush() : held);
    if (this.#midLine) this.#terminal.print();
    this.#midLine = false;
  }

  #write(text: string): void {
    if (text === "") return;
    this.#midLine = !text.endsWith("\n");
    this.#terminal.write(text);
  }

  #endThought(): void {
    const line = this.#thought;
    this.#thought = "";
    if (line !== "") this.#aside(`  ${printable(line)}`);
  }

  /** A line on stderr. Only where both are seen in one place must it not stand in the middle of the answer. */
  #aside(line: string): void {
    if (this.#terminal.isTerminal) this.breakLine();
    this.#terminal.note(this.#terminal.noteStyle("dim", line));
  }

  #newMarkdown(): MarkdownStream | null {
    const styled = this.#terminal.style("bold", "x") !== "x";
    return styled ? new MarkdownStream() : null;
  }
}
