import { printable } from "./printable.ts";

/**
 * The text of an answer for a terminal, piece by piece: harmless, and the same in whatever pieces it comes. A carriage
 * return is held for the line feed that may follow it, half of a character for its other half.
 */
export class AnswerText {
  #held = "";

  push(piece: string): string {
    const text = this.#held + piece;
    const end = text.length - (/[\r\ud800-\udbff]$/.test(text) ? 1 : 0);
    this.#held = text.slice(end);
    return printable(text.slice(0, end));
  }

  /** What was held. */
  flush(): string {
    const held = this.#held;
    this.#held = "";
    return printable(held);
  }
}
