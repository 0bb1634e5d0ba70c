import type { Reader } from "./ask.ts";
import { printable, printableLine } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/** Prints an answer while it is written. */
export class AnswerPrinter implements Reader {
  readonly #terminal: Terminal;
  #shown = "";
  #midLine = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  text(piece: string): void {
    if (piece === "") return;
    this.#shown += piece;
    this.#midLine = !piece.endsWith("\n");
    this.#terminal.write(printable(piece));
  }

  restarted(): void {
    this.breakLine();
    this.#shown = "";
    this.#aside("The gateway was restarted; the answer begins again:");
  }

  tool(name: string, state: string): void {
    if (!this.#terminal.notesAreRead) return;
    this.breakLine();
    this.#aside(`· ${printableLine(name)}: ${printableLine(state)}`);
  }

  /** Prints what of the whole answer has not been shown, and ends its line. */
  end(content: string): void {
    if (content.startsWith(this.#shown)) this.text(content.slice(this.#shown.length));
    else {
      this.breakLine();
      this.text(content);
    }
    this.breakLine();
  }

  /** Ends a line that was begun. */
  breakLine(): void {
    if (this.#midLine) this.#terminal.print();
    this.#midLine = false;
  }

  #aside(line: string): void {
    this.#terminal.note(this.#terminal.noteStyle("dim", line));
  }
}
