import { type ChatInput, type ChatListener, type Choice, chosen, PROMPT } from "./chat-input.ts";
import type { Input } from "./input.ts";
import { LineEditor } from "./line-editor.ts";
import { type Key, KeyParser, PASTE_OFF, PASTE_ON } from "./line-editor-keys.ts";
import { type Drawing, EditorView } from "./line-editor-view.ts";
import type { Terminal } from "./terminal.ts";

/** Makes the terminal hand over every key as it is pressed. Returns what undoes that; null where it cannot be done. */
export type RawMode = () => (() => void) | null;

/** That of the process's stdin. */
export const stdinRawMode: RawMode = () => {
  const { stdin } = process;
  if (!stdin.isTTY) return null;
  stdin.setRawMode(true);
  return () => void stdin.setRawMode(false);
};

const CLEAR_SCREEN = "\u001b[H\u001b[2J";

/** A line of our own at the bottom of the screen: cursor keys, history, pastes. What is printed goes above it. */
export class EditedChatInput implements ChatInput {
  readonly #input: Input;
  readonly #terminal: Terminal;
  readonly #restore: () => void;
  readonly #editor = new LineEditor();
  /** What is typed while a question waits. */
  #answer = new LineEditor();
  readonly #view: EditorView;
  #listener: ChatListener | null = null;
  #choice: Choice | null = null;
  #busy = false;
  #closed = false;

  /** `restore` is what the raw mode of `input`'s terminal gave. */
  constructor(input: Input, terminal: Terminal, restore: () => void) {
    this.#input = input;
    this.#terminal = terminal;
    this.#restore = restore;
    this.#view = new EditorView(
      (text) => terminal.write(text),
      () => terminal.width,
    );
    terminal.write(PASTE_ON);
  }

  async read(listener: ChatListener): Promise<void> {
    this.#listener = listener;
    const parser = new KeyParser();
    const decoder = new TextDecoder("utf-8");
    for await (const chunk of this.#input.stream()) {
      for (const key of parser.push(decoder.decode(chunk, { stream: true }))) {
        if (this.#key(key, listener)) return;
      }
    }
  }

  busy(on: boolean): void {
    this.#busy = on;
    this.#draw();
  }

  print(write: () => void): void {
    this.#view.erase();
    write();
    this.#draw();
  }

  choose(question: string, words: readonly string[], signal: AbortSignal): Promise<string | null> {
    return new Promise((resolve) => {
      const settle = (word: string | null) => {
        signal.removeEventListener("abort", giveUp);
        this.#view.keep({ prompt: `${question}${word ?? ""}`, characters: [], cursor: 0 });
        this.#choice = null;
        resolve(word);
        this.#draw();
      };
      const giveUp = () => settle(null);
      if (signal.aborted) return resolve(null);
      signal.addEventListener("abort", giveUp, { once: true });
      this.#choice = { question, words, settle };
      this.#answer = new LineEditor();
      this.#draw();
    });
  }

  remember(lines: readonly string[]): void {
    this.#editor.remember(lines);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#restore(); // first: what is written may have no reader any more
    this.#view.erase();
    this.#terminal.write(PASTE_OFF);
  }

  /** Takes a key. True when it ends the conversation. */
  #key(key: Key, listener: ChatListener): boolean {
    // An answer under way is what Ctrl+C is about, whatever was typed meanwhile.
    if (key.kind === "interrupt" && (this.#busy || this.#choice)) listener.interrupted();
    else if (this.#choice) this.#choose(this.#choice, key);
    else return this.#edit(key, listener);
    return false;
  }

  #choose({ words, settle }: Choice, key: Key): void {
    const edited = this.#answer.key(key);
    const word = edited.kind === "line" ? chosen(edited.line, words) : undefined;
    if (word === undefined) this.#draw();
    else settle(word);
  }

  #edit(key: Key, listener: ChatListener): boolean {
    const before = this.#drawing();
    const edited = this.#editor.key(key);
    if (edited.kind === "leave") {
      this.#view.erase();
      return true;
    }
    if (edited.kind === "line") {
      if (this.#busy) this.#view.erase();
      else this.#view.keep(before);
      listener.line(edited.line);
    } else if (edited.kind === "interrupt") {
      this.#view.erase();
      listener.interrupted();
    } else if (edited.kind === "clear-screen") {
      this.#view.erase();
      this.#terminal.write(CLEAR_SCREEN);
    }
    this.#draw();
    return false;
  }

  /** While an answer is written, what was typed is shown between its lines; nothing but the answer is in the middle of one. */
  #draw(): void {
    if (this.#closed) return;
    const wanted = this.#choice !== null || !this.#busy || this.#editor.characters.length > 0;
    if (wanted && !(this.#busy && this.#listener?.midLine())) this.#view.draw(this.#drawing());
    else this.#view.erase();
  }

  #drawing(): Drawing {
    const { characters, cursor } = this.#choice ? this.#answer : this.#editor;
    return { prompt: this.#choice?.question ?? PROMPT, characters: [...characters], cursor };
  }
}
