/** What a person did on the keyboard. */
export type Key =
  | { readonly kind: "text"; readonly text: string }
  /** Several lines, perhaps, that were put in at once. */
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: KeyName };

export type KeyName =
  | "enter"
  | "newline"
  | "interrupt"
  | "end-of-input"
  | "backspace"
  | "delete"
  | "delete-word"
  | "delete-to-start"
  | "delete-to-end"
  | "clear-screen"
  | "left"
  | "right"
  | "word-left"
  | "word-right"
  | "home"
  | "end"
  | "up"
  | "down";

/** Ask the terminal to say what is pasted (xterm, bracketed paste). */
export const PASTE_ON = "\u001b[?2004h";
export const PASTE_OFF = "\u001b[?2004l";

const PASTE_END = "\u001b[201~";
/** More than this is no message any more: the gateway takes 64 KB. What follows is dropped. */
const MAX_PASTE = 65_536;
/** No key sends a longer sequence. */
const MAX_SEQUENCE = 32;

const CONTROLS: Readonly<Record<string, KeyName>> = {
  "\r": "enter",
  "\n": "enter",
  "\u0001": "home",
  "\u0002": "left",
  "\u0003": "interrupt",
  "\u0004": "end-of-input",
  "\u0005": "end",
  "\u0006": "right",
  "\b": "backspace",
  "\u000b": "delete-to-end",
  "\u000c": "clear-screen",
  "\u000e": "down",
  "\u0010": "up",
  "\u0015": "delete-to-start",
  "\u0017": "delete-word",
  "\u007f": "backspace",
};

/** What follows ESC; terminals differ in `[` and `O`, and in how they number Home and End. */
const SEQUENCES: Readonly<Record<string, KeyName>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  "[H": "home",
  "[F": "end",
  "[1~": "home",
  "[3~": "delete",
  "[4~": "end",
  "[7~": "home",
  "[8~": "end",
  "[1;5C": "word-right",
  "[1;5D": "word-left",
  "[1;3C": "word-right",
  "[1;3D": "word-left",
  OA: "up",
  OB: "down",
  OC: "right",
  OD: "left",
  OH: "home",
  OF: "end",
  b: "word-left",
  f: "word-right",
  "\r": "newline",
  "\n": "newline",
  "\u007f": "delete-word",
};

/** Makes keys of what a terminal in raw mode sends, in whatever pieces that comes. */
export class KeyParser {
  #rest = "";
  /** What was pasted so far; null while nothing is. */
  #paste: string | null = null;

  push(text: string): Key[] {
    this.#rest += text;
    const keys: Key[] = [];
    while (this.#rest !== "") {
      const key = this.#paste === null ? this.#next() : this.#pasted(this.#paste);
      if (key === null) break;
      if (key !== "nothing") keys.push(key);
    }
    return keys;
  }

  /** The first key of what is left; null when it is not all there. */
  #next(): Key | "nothing" | null {
    const first = this.#rest[0] ?? "";
    if (first === "\u001b") return this.#sequence();
    const text = /^[^\u0000-\u001f\u007f]+/.exec(this.#rest)?.[0];
    if (text !== undefined) return this.#took(text.length, { kind: "text", text });
    const kind = CONTROLS[first];
    // CR LF is one Enter.
    const length = this.#rest.startsWith("\r\n") ? 2 : 1;
    return this.#took(length, kind === undefined ? "nothing" : { kind });
  }

  #sequence(): Key | "nothing" | null {
    const found = /^\u001b(\[[0-9;?<=>]{0,28}[@-~]|O[@-~]|[^[O])/.exec(this.#rest);
    if (!found) return this.#rest.length < MAX_SEQUENCE ? null : this.#took(1, "nothing");
    const [whole, sequence = ""] = found;
    if (sequence === "[200~") {
      this.#paste = "";
      return this.#took(whole.length, "nothing");
    }
    // ESC ESC: the first one was a key by itself.
    if (sequence === "\u001b") return this.#took(1, "nothing");
    const kind = SEQUENCES[sequence];
    return this.#took(whole.length, kind === undefined ? "nothing" : { kind });
  }

  #pasted(paste: string): Key | "nothing" | null {
    const end = this.#rest.indexOf(PASTE_END);
    // The mark of the end may be cut in two.
    const until = end >= 0 ? end : Math.max(0, this.#rest.length - PASTE_END.length + 1);
    this.#paste = (paste + this.#rest.slice(0, until)).slice(0, MAX_PASTE);
    this.#rest = this.#rest.slice(until);
    if (end < 0) return null;
    const text = this.#paste;
    this.#paste = null;
    return this.#took(PASTE_END.length, { kind: "paste", text });
  }

  #took<T>(length: number, key: T): T {
    this.#rest = this.#rest.slice(length);
    return key;
  }
}
