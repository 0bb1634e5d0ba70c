import type { Key } from "./line-editor-keys.ts";

/** What is to be done after a key. */
export type Edited =
  /** The text may look different. */
  | { readonly kind: "changed" }
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "interrupt" | "leave" | "clear-screen" };

const CHANGED: Edited = { kind: "changed" };
/** Lines that up and down go through. */
const MAX_HISTORY = 500;

/** A message while it is typed: one line, or several. It knows nothing of the screen. */
export class LineEditor {
  /** One for each character that a person sees as one (UAX #29). */
  #characters: string[] = [];
  #cursor = 0;
  #history: string[] = [];
  /** Which line of the history is shown; its length: what is being typed. */
  #place = 0;
  /** What was being typed before the history was shown. */
  #draft = "";
  readonly #segmenter = new Intl.Segmenter();

  get text(): string {
    return this.#characters.join("");
  }

  get characters(): readonly string[] {
    return this.#characters;
  }

  /** Characters before the cursor. */
  get cursor(): number {
    return this.#cursor;
  }

  /** What up and down go through, oldest first. */
  remember(lines: readonly string[]): void {
    this.#history = lines.filter((line, i) => line !== "" && line !== lines[i - 1]).slice(-MAX_HISTORY);
    this.#place = this.#history.length;
  }

  key(key: Key): Edited {
    switch (key.kind) {
      case "text":
      case "paste":
        return this.#insert(key.kind === "text" ? key.text : pasted(key.text));
      case "newline":
        return this.#insert("\n");
      case "enter":
        return this.#enter();
      case "interrupt":
        return this.#interrupt();
      case "end-of-input":
        return this.#characters.length === 0 ? { kind: "leave" } : this.#remove(this.#cursor, this.#cursor + 1);
      case "clear-screen":
        return { kind: "clear-screen" };
      case "up":
      case "down":
        return this.#vertically(key.kind === "up" ? -1 : 1);
      case "backspace":
        return this.#remove(this.#cursor - 1, this.#cursor);
      case "delete":
        return this.#remove(this.#cursor, this.#cursor + 1);
      case "delete-word":
        return this.#remove(this.#word(-1), this.#cursor);
      case "delete-to-start":
        return this.#remove(this.#lineStart(this.#cursor), this.#cursor);
      case "delete-to-end":
        return this.#remove(this.#cursor, this.#lineEnd(this.#cursor));
      case "left":
        return this.#move(this.#cursor - 1);
      case "right":
        return this.#move(this.#cursor + 1);
      case "word-left":
        return this.#move(this.#word(-1));
      case "word-right":
        return this.#move(this.#word(1));
      case "home":
        return this.#move(this.#lineStart(this.#cursor));
      case "end":
        return this.#move(this.#lineEnd(this.#cursor));
    }
  }

  #insert(text: string): Edited {
    const before = this.#characters.slice(0, this.#cursor).join("") + text;
    const after = this.#characters.slice(this.#cursor).join("");
    // All of it again: a mark joins the character before it.
    this.#characters = this.#split(before + after);
    this.#cursor = this.#split(before).length;
    return this.#move(this.#cursor);
  }

  /** A backslash at the end of the last line goes on with another. */
  #enter(): Edited {
    const text = this.text;
    if (this.#cursor === this.#characters.length && text.endsWith("\\")) {
      this.#remove(this.#cursor - 1, this.#cursor);
      return this.#insert("\n");
    }
    this.#set("");
    if (text.trim() !== "") this.remember([...this.#history, text]);
    this.#place = this.#history.length;
    return { kind: "line", line: text };
  }

  /** What was typed is given up first. */
  #interrupt(): Edited {
    if (this.#characters.length === 0) return { kind: "interrupt" };
    this.#place = this.#history.length;
    return this.#set("");
  }

  /** Within the text while it has lines there, else through the history. */
  #vertically(step: -1 | 1): Edited {
    const start = this.#lineStart(this.#cursor);
    const column = this.#cursor - start;
    if (step < 0 && start > 0) return this.#move(Math.min(this.#lineStart(start - 1) + column, start - 1));
    const end = this.#lineEnd(this.#cursor);
    if (step > 0 && end < this.#characters.length) {
      return this.#move(Math.min(end + 1 + column, this.#lineEnd(end + 1)));
    }
    const place = this.#place + step;
    if (place < 0 || place > this.#history.length) return CHANGED;
    if (this.#place === this.#history.length) this.#draft = this.text;
    this.#place = place;
    return this.#set(this.#history[place] ?? this.#draft);
  }

  #set(text: string): Edited {
    this.#characters = this.#split(text);
    return this.#move(this.#characters.length);
  }

  #remove(from: number, to: number): Edited {
    const start = Math.max(0, from);
    this.#characters.splice(start, Math.max(0, to - start));
    return this.#move(start);
  }

  #move(to: number): Edited {
    this.#cursor = Math.min(Math.max(0, to), this.#characters.length);
    return CHANGED;
  }

  /** Where the word before or after the cursor ends. */
  #word(step: -1 | 1): number {
    const at = (i: number) => this.#characters[step < 0 ? i - 1 : i];
    let place = this.#cursor;
    while (at(place)?.trim() === "") place += step;
    while (at(place) !== undefined && at(place)?.trim() !== "") place += step;
    return place;
  }

  #lineStart(from: number): number {
    let at = from;
    while (at > 0 && this.#characters[at - 1] !== "\n") at -= 1;
    return at;
  }

  #lineEnd(from: number): number {
    let at = from;
    while (at < this.#characters.length && this.#characters[at] !== "\n") at += 1;
    return at;
  }

  #split(text: string): string[] {
    return Array.from(this.#segmenter.segment(text), ({ segment }) => segment);
  }
}

/** Line ends as line feeds; a last one is no line of its own. Other control characters are not for messages. */
function pasted(text: string): string {
  const lines = text.replaceAll(/\r\n?/g, "\n").replace(/\n$/, "");
  return lines.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
