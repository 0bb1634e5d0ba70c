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
} from "./json-bytes.ts";

/** The keys to keep of a JSON object, and of the objects below them. `true`: the value itself. */
export interface Wanted {
  readonly [key: string]: true | Wanted;
}

/**
 * What `wanted` names of a JSON text, without building the rest of it: of 25 MB, a parser makes 50 to 100 MB of objects.
 * Scalars are kept as they are; an object or a list whose inside is not wanted becomes an empty one. Strings, brackets and
 * what stands around them are checked on the way, values that are passed over are not. As with JSON.parse, the last of
 * several equal keys counts. Null when the bytes are no JSON, or nest deeper than 1,000 levels.
 */
export function pickJson(bytes: Uint8Array, wanted: Wanted): { readonly value: unknown } | null {
  try {
    return { value: new Scanner(bytes).document(wanted) };
  } catch (error) {
    // SyntaxError: a scalar that JSON.parse refuses; TypeError: one that is no UTF-8.
    if (error instanceof NotJson || error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

class NotJson extends Error {}

const MAX_DEPTH = 1_000;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

class Scanner {
  readonly #bytes: Uint8Array;
  /** What closes each container that is open. */
  readonly #closers = new Uint8Array(MAX_DEPTH);
  #at: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf; // a byte order mark
    this.#at = marked ? 3 : 0;
  }

  document(wanted: Wanted): unknown {
    const value = this.#value(wanted);
    if (this.#next() !== -1) throw new NotJson();
    return value;
  }

  /** Recursion goes no deeper than `wanted`. */
  #value(wanted: true | Wanted): unknown {
    const first = this.#next();
    if (first === OPEN_OBJECT && wanted !== true) return this.#object(wanted);
    const start = this.#at;
    this.#skip();
    if (first === OPEN_OBJECT) return {};
    if (first === OPEN_LIST) return [];
    const value: unknown = JSON.parse(utf8.decode(this.#bytes.subarray(start, this.#at)));
    return value;
  }

  #object(wanted: Wanted): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    this.#at += 1;
    if (this.#next() === CLOSE_OBJECT) {
      this.#at += 1;
      return kept;
    }
    for (;;) {
      const key = this.#key();
      const inside = Object.hasOwn(wanted, key) ? wanted[key] : undefined;
      if (inside === undefined) this.#skip();
      else kept[key] = this.#value(inside);
      const end = this.#next();
      this.#at += 1;
      if (end === CLOSE_OBJECT) return kept;
      if (end !== COMMA) throw new NotJson();
    }
  }

  /** Reads a key and its colon. */
  #key(): string {
    if (this.#next() !== QUOTE) throw new NotJson();
    const start = this.#at;
    this.#string();
    const key: unknown = JSON.parse(utf8.decode(this.#bytes.subarray(start, this.#at)));
    if (this.#next() !== COLON) throw new NotJson();
    this.#at += 1;
    return String(key);
  }

  /** Passes over one value. */
  #skip(): void {
    const first = this.#next();
    if (first === QUOTE) this.#string();
    else if (first === OPEN_OBJECT || first === OPEN_LIST) this.#container();
    else this.#scalar();
  }

  #container(): void {
    const bytes = this.#bytes;
    const closers = this.#closers;
    let depth = 0;
    do {
      const byte = bytes[this.#at];
      if (byte === QUOTE) {
        this.#string();
        continue;
      }
      if (byte === undefined) throw new NotJson();
      if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (depth === MAX_DEPTH) throw new NotJson();
        closers[depth] = byte + 2; // see json-bytes.ts
        depth += 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        depth -= 1;
        if (closers[depth] !== byte) throw new NotJson();
      }
      this.#at += 1;
    } while (depth > 0);
  }

  #string(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (;;) {
      const byte = bytes[at];
      if (byte === QUOTE) break;
      if (byte === undefined) throw new NotJson();
      at += byte === BACKSLASH ? 2 : 1;
    }
    this.#at = at + 1;
  }

  #scalar(): void {
    const start = this.#at;
    while (this.#at < this.#bytes.length && isScalar(this.#bytes[this.#at]!)) this.#at += 1;
    if (this.#at === start) throw new NotJson();
  }

  /** The next byte that is no blank, where it stands; -1 at the end. */
  #next(): number {
    while (isBlank(this.#bytes[this.#at])) this.#at += 1;
    return this.#bytes[this.#at] ?? -1;
  }
}

/** Of `true`, `null` and every number. */
function isScalar(byte: number): boolean {
  const lower = byte | 0x20;
  return (
    (lower >= 0x61 && lower <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}
