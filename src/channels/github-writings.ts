import { isMarked } from "../lib/github-marker.ts";
import {
  BACKSLASH,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isBlank,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from "../lib/json-bytes.ts";

/** Something that a person wrote: an issue, a comment, a review, or what GitHub invents next. */
export interface Writing {
  /** The payload's own key that it stands at or below: `comment`, `thread`; "" when it is the payload itself. */
  readonly place: string;
  /** OWNER, MEMBER, COLLABORATOR, CONTRIBUTOR, NONE, …; "" when GitHub does not say. */
  readonly association: string;
  /** It holds the mark of a comment that this gateway wrote. */
  readonly marked: boolean;
  readonly byBot: boolean;
}

/**
 * Every object with an `author_association`, at any depth of a JSON text that is known to be well-formed: new events bring
 * texts in places that nobody has listed. One pass over the bytes, because 25 MB are not parsed. In JSON a quote inside a
 * text is always escaped and a colon follows keys alone, so no text can pass for a key. Null when a key or a value that
 * decides cannot be read.
 */
export function writingsIn(json: Uint8Array): readonly Writing[] | null {
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  // Most events hold no such text, and searching is ten times as fast as scanning. Only \u could hide the key.
  if (!bytes.includes(ASSOCIATION) && !bytes.includes("\\u")) return [];
  try {
    return new WritingScanner(bytes).run();
  } catch (error) {
    if (error instanceof SyntaxError) return null; // of JSON.parse
    throw error;
  }
}

export function isBot(type: string, login: string): boolean {
  return type === "Bot" || login.toLowerCase().endsWith("[bot]");
}

const ASSOCIATION = "author_association";
/** Of all keys that are looked at, so that no others are decoded. */
const KEY_LENGTHS: ReadonlySet<number> = new Set(
  [ASSOCIATION, "body", "type", "user", "login"].map(({ length }) => length),
);

/** An object or a list whose end has not come yet. */
interface Open {
  /** What it is the value of; "" in a list. */
  readonly key: string;
  /** Null where there is no such key. */
  association: string | null;
  marked: boolean;
  /** It is a bot's account. */
  bot: boolean;
  /** Its `user` is one. */
  byBot: boolean;
}

class WritingScanner {
  readonly #bytes: Buffer;
  readonly #open: Open[] = [];
  readonly #found: Writing[] = [];
  #at = 0;
  /** The key whose value comes next; "" for one that does not matter. */
  #key = "";
  #place = "";

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  run(): readonly Writing[] {
    for (; this.#at < this.#bytes.length; this.#at += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === QUOTE) this.#string();
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.#enter();
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) this.#leave();
      else if (byte === COMMA) this.#key = "";
    }
    return this.#found;
  }

  /** Stops at its last quote, or at the colon if it is a key. */
  #string(): void {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start + 1;
    let escaped = false;
    for (let byte = bytes[at]; byte !== QUOTE && byte !== undefined; byte = bytes[at]) {
      escaped ||= byte === BACKSLASH;
      at += byte === BACKSLASH ? 2 : 1;
    }
    const end = at + 1;
    let next = end;
    while (isBlank(bytes[next])) next += 1;
    const isKey = bytes[next] === COLON;
    this.#at = isKey ? next : at;
    if (isKey) this.#named(start, end, escaped);
    else if (this.#key !== "") this.#said(this.#text(start, end, escaped));
  }

  #named(start: number, end: number, escaped: boolean): void {
    const isTop = this.#open.length === 1;
    const matters = isTop || escaped || KEY_LENGTHS.has(end - start - 2);
    this.#key = matters ? this.#text(start, end, escaped) : "";
    if (isTop) this.#place = this.#key;
    const inside = this.#open.at(-1);
    if (inside && this.#key === ASSOCIATION) inside.association = ""; // until its value proves to be a text
  }

  #said(value: string): void {
    const inside = this.#open.at(-1);
    if (!inside) return;
    if (this.#key === ASSOCIATION) inside.association = value;
    else if (this.#key === "body") inside.marked ||= isMarked(value);
    else if (this.#key === "type") inside.bot ||= isBot(value, "");
    else if (this.#key === "login") inside.bot ||= isBot("", value);
  }

  #enter(): void {
    this.#open.push({ key: this.#key, association: null, marked: false, bot: false, byBot: false });
    this.#key = "";
  }

  #leave(): void {
    const left = this.#open.pop();
    const inside = this.#open.at(-1);
    this.#key = "";
    if (!left) return;
    if (inside && left.key === "user") inside.byBot ||= left.bot;
    const { association, marked, byBot } = left;
    const place = inside ? this.#place : "";
    if (association !== null) this.#found.push({ place, association, marked, byBot });
  }

  /** What stands between two quotes. @throws SyntaxError */
  #text(start: number, end: number, escaped: boolean): string {
    if (!escaped) return this.#bytes.toString("utf8", start + 1, end - 1);
    return String(JSON.parse(this.#bytes.toString("utf8", start, end)));
  }
}
