/** A name, or the place in an array of tables. */
export type Segment = string | number;

export interface TomlRange {
  /** Offsets into the text, in UTF-16 units; `end` is the first one that does not belong to it. */
  readonly start: number;
  readonly end: number;
}

export interface TomlValue extends TomlRange {
  readonly kind: "scalar" | "list" | "table";
  /** Of a list: where its items are. */
  readonly items: readonly TomlRange[];
}

export interface TomlEntry {
  readonly path: readonly Segment[];
  /** Where the key begins, as it is written (`a.b` in `a.b = 1`). */
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly value: TomlValue;
  /** How many of the path's last segments are written before the `=`. */
  readonly written: number;
  /** Whether it stands inside `{ … }`. */
  readonly inline: boolean;
}

export interface TomlHeader extends TomlRange {
  readonly path: readonly Segment[];
}

export interface TomlMap {
  /** In the order of the text. */
  readonly entries: readonly TomlEntry[];
  readonly headers: readonly TomlHeader[];
}

/** The text is no TOML. */
export class TomlStructureError extends SyntaxError {
  override readonly name = "TomlStructureError"; // a literal: minified builds rename classes
  /** Where it is not understood. */
  readonly offset: number;

  constructor(text: string, offset: number) {
    super(`Cannot map the TOML document: line ${lineAt(text, offset)} is not understood`);
    this.offset = offset;
  }
}

/**
 * Where everything stands in a TOML document (v1.1). The text must be one that a parser has accepted: only its
 * structure is read here, values are not checked.
 * @throws TomlStructureError when the text is no TOML.
 */
export function mapToml(text: string): TomlMap {
  return new Mapper(text).map();
}

/** The line, from 1, on which `offset` stands. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

/** Where `path` is first spoken of: its key, its header, or else the first thing inside it. Null when nowhere. */
export function findInMap(map: TomlMap, path: readonly Segment[]): number | null {
  const entry = map.entries.find((each) => samePath(each.path, path));
  if (entry) return entry.keyStart;
  const header = map.headers.find((each) => samePath(each.path, path));
  if (header) return header.start;
  const inside = [
    ...map.entries.filter((each) => startsWith(each.path, path)).map((each) => each.keyStart),
    ...map.headers.filter((each) => startsWith(each.path, path)).map((each) => each.start),
  ];
  return inside.length === 0 ? null : Math.min(...inside);
}

export function samePath(a: readonly Segment[], b: readonly Segment[]): boolean {
  return a.length === b.length && startsWith(a, b);
}

export function startsWith(path: readonly Segment[], prefix: readonly Segment[]): boolean {
  return path.length >= prefix.length && prefix.every((segment, i) => path[i] === segment);
}

const BARE_KEY = /[A-Za-z0-9_-]+/y;
const BLANKS = /[ \t]*/y;
const BLANKS_AND_LINES = /(?:[ \t\r\n]|#[^\n]*)*/y;
const PLAIN_VALUE = /[^,\]}#\r\n]+/y;

class Mapper {
  readonly #text: string;
  readonly #entries: TomlEntry[] = [];
  readonly #headers: TomlHeader[] = [];
  /** Arrays of tables: their path as JSON → how many tables they have so far. */
  readonly #tables = new Map<string, number>();
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith("\ufeff") ? 1 : 0;
  }

  map(): TomlMap {
    let section: readonly Segment[] = [];
    for (this.#take(BLANKS_AND_LINES); this.#at < this.#text.length; this.#take(BLANKS_AND_LINES)) {
      if (this.#peek("[")) section = this.#header();
      else this.#entry(section, false);
    }
    return { entries: this.#entries, headers: this.#headers };
  }

  #header(): readonly Segment[] {
    const start = this.#at;
    const list = this.#peek("[[");
    this.#at += list ? 2 : 1;
    const written = this.#key();
    if (!this.#peek(list ? "]]" : "]")) this.#fail();
    this.#at += list ? 2 : 1;
    const path = this.#resolve(list ? written.slice(0, -1) : written);
    if (list) {
      path.push(written.at(-1)!); // a key has at least one segment
      const name = JSON.stringify(path);
      const count = this.#tables.get(name) ?? 0;
      this.#tables.set(name, count + 1);
      path.push(count);
    }
    this.#headers.push({ path, start, end: this.#at });
    return path;
  }

  /** The path with the place of the latest table behind the name of every array of tables. */
  #resolve(written: readonly string[]): Segment[] {
    const path: Segment[] = [];
    for (const segment of written) {
      path.push(segment);
      const count = this.#tables.get(JSON.stringify(path));
      if (count !== undefined) path.push(count - 1);
    }
    return path;
  }

  #entry(section: readonly Segment[], inline: boolean): void {
    const keyStart = this.#at;
    const written = this.#key();
    const keyEnd = this.#trimmedEnd(keyStart);
    if (!this.#peek("=")) this.#fail();
    this.#at += 1;
    this.#take(BLANKS);
    const path = [...section, ...written];
    const place = this.#entries.length;
    const value = this.#value(path);
    // In front of what is inside it, so that entries are in the order of the text.
    this.#entries.splice(place, 0, { path, keyStart, keyEnd, value, written: written.length, inline });
  }

  #key(): readonly string[] {
    const segments: string[] = [];
    for (;;) {
      this.#take(BLANKS);
      segments.push(this.#peek('"') || this.#peek("'") ? this.#quotedKey() : this.#need(BARE_KEY));
      this.#take(BLANKS);
      if (!this.#peek(".")) return segments;
      this.#at += 1;
    }
  }

  #quotedKey(): string {
    const raw = this.#string();
    // TOML has escapes that JSON has not, so the parser reads it; a key of that name is a string by its syntax.
    return raw.startsWith("'") ? raw.slice(1, -1) : String(Object.values(Bun.TOML.parse(`key = ${raw}`))[0]);
  }

  #value(path: readonly Segment[]): TomlValue {
    const start = this.#at;
    if (this.#peek("[")) return { kind: "list", start, items: this.#list(path), end: this.#at };
    if (this.#peek("{")) {
      this.#inlineTable(path);
      return { kind: "table", start, items: [], end: this.#at };
    }
    if (this.#peek('"') || this.#peek("'")) this.#string();
    else this.#need(PLAIN_VALUE);
    this.#at = this.#trimmedEnd(start);
    return { kind: "scalar", start, items: [], end: this.#at };
  }

  #string(): string {
    const start = this.#at;
    const quote = this.#text[start]!;
    const long = this.#peek(quote.repeat(3));
    const closing = long ? quote.repeat(3) : quote;
    this.#at += closing.length;
    while (!this.#peek(closing)) {
      if (this.#at >= this.#text.length || (!long && this.#peek("\n"))) this.#fail();
      this.#at += quote === '"' && this.#peek("\\") ? 2 : 1;
    }
    this.#at += closing.length;
    // One or two quotes in front of the closing three belong to the text.
    for (let extra = 0; long && extra < 2 && this.#peek(quote); extra += 1) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  #list(path: readonly Segment[]): readonly TomlRange[] {
    const items: TomlRange[] = [];
    this.#at += 1;
    for (this.#take(BLANKS_AND_LINES); !this.#peek("]"); this.#take(BLANKS_AND_LINES)) {
      const { start, end } = this.#value([...path, items.length]);
      items.push({ start, end });
      this.#take(BLANKS_AND_LINES);
      if (this.#peek(",")) this.#at += 1;
      else if (!this.#peek("]")) this.#fail();
    }
    this.#at += 1;
    return items;
  }

  #inlineTable(path: readonly Segment[]): void {
    this.#at += 1;
    for (this.#take(BLANKS_AND_LINES); !this.#peek("}"); this.#take(BLANKS_AND_LINES)) {
      this.#entry(path, true);
      this.#take(BLANKS_AND_LINES);
      if (this.#peek(",")) this.#at += 1;
      else if (!this.#peek("}")) this.#fail();
    }
    this.#at += 1;
  }

  #peek(expected: string): boolean {
    return this.#text.startsWith(expected, this.#at);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #need(pattern: RegExp): string {
    const found = this.#take(pattern);
    return found === "" ? this.#fail() : found;
  }

  #trimmedEnd(start: number): number {
    return start + this.#text.slice(start, this.#at).trimEnd().length;
  }

  #fail(): never {
    throw new TomlStructureError(this.#text, this.#at);
  }
}
