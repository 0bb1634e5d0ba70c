import { nearest } from "./nearest.ts";
import { FILTERS, type Filter, MAX_LIMIT } from "./template-filter.ts";

const VARIABLES = ["type", "source", "event_id", "received_at", "summary", "body", "headers"] as const;

export type VariableName = (typeof VARIABLES)[number];

export interface Placeholder {
  /** Null: the path leads into the body. */
  readonly variable: VariableName | null;
  readonly path: readonly (string | number)[];
  readonly filters: readonly Filter[];
}

export interface Template {
  /** The template's own text, and what is put in between. */
  readonly parts: readonly (string | Placeholder)[];
}

/** Where a template cannot be read. */
export interface TemplateError {
  /** Both from 1; the column counts UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** What was found. */
  readonly detail: string;
  readonly allowed: string;
}

/** The longest template, in UTF-16 units: half of what a prompt may have, so that values find room. */
export const MAX_TEMPLATE = 16_384;
export const MAX_PLACEHOLDERS = 100;

export function parseTemplate(text: string): Template | TemplateError {
  try {
    return { parts: new Parser(text).parse() };
  } catch (error) {
    if (error instanceof Fault)
      return { ...placeOf(text, error.offset), detail: error.message, allowed: error.allowed };
    throw error;
  }
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 }; // split gives at least one part
}

class Fault extends Error {
  readonly offset: number;
  readonly allowed: string;

  constructor(offset: number, message: string, allowed: string) {
    super(message);
    this.offset = offset;
    this.allowed = allowed;
  }
}

const BLANKS = /\s*/y;
const FIELD = /[\p{L}_$][\p{L}\p{N}_$-]*/uy;
const NAME = /[A-Za-z_]+/y;
const DIGITS = /\d{1,9}/y;
const QUOTED = /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y;

const PATH_ALLOWED = `a path such as issue.title, labels[0].name or ["odd name"], or one of ${VARIABLES.map((name) => (name === "headers" ? "@headers.<name>" : `@${name}`)).join(", ")}`;
const FILTER_ALLOWED = 'limit:N, line, quote, json, join:", " and default:"…"';

class Parser {
  readonly #text: string;
  #at = 0;
  /** Where the placeholder that is being read begins. */
  #open = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): readonly (string | Placeholder)[] {
    const { length } = this.#text;
    if (length > MAX_TEMPLATE) throw new Fault(MAX_TEMPLATE, `it has ${length} characters`, `at most ${MAX_TEMPLATE}`);
    const parts: (string | Placeholder)[] = [];
    for (let count = 1; ; count += 1) {
      this.#open = this.#text.indexOf("{{", this.#at);
      const literal = this.#text.slice(this.#at, this.#open === -1 ? length : this.#open);
      if (literal !== "") parts.push(literal);
      if (this.#open === -1) return parts;
      if (count > MAX_PLACEHOLDERS) this.#fail("this is one placeholder too many", `at most ${MAX_PLACEHOLDERS}`);
      this.#at = this.#open + 2;
      parts.push(this.#placeholder());
    }
  }

  #placeholder(): Placeholder {
    this.#take(BLANKS);
    const variable = this.#eat("@") ? this.#variable() : null;
    const path = variable === null ? this.#path() : variable === "headers" ? this.#header() : [];
    const filters: Filter[] = [];
    for (;;) {
      this.#take(BLANKS);
      if (this.#eat("}}")) return { variable, path, filters };
      if (!this.#eat("|"))
        this.#fail(this.#found(), filters.length === 0 ? `"|" or "}}" behind the path` : '"|" or "}}"');
      this.#take(BLANKS);
      filters.push(this.#filter(filters.length));
    }
  }

  #variable(): VariableName {
    const start = this.#at;
    const name = this.#take(NAME);
    const known = VARIABLES.find((each) => each === name);
    if (known !== undefined) return known;
    this.#at = start - 1;
    return this.#fail(`"@${name}" is unknown${guess(name, VARIABLES, "@")}`, PATH_ALLOWED);
  }

  #header(): readonly string[] {
    const name = this.#eat(".") ? this.#take(/[\w-]+/y) : "";
    return name === "" ? this.#fail("the header's name is missing", "@headers.<name>") : [name.toLowerCase()];
  }

  #path(): readonly (string | number)[] {
    const path: (string | number)[] = [];
    for (let first = true; ; first = false) {
      if (this.#eat("[")) path.push(this.#subscript());
      else if (first || this.#eat(".")) path.push(this.#take(FIELD) || this.#fail(this.#found(), PATH_ALLOWED));
      else return path;
    }
  }

  #subscript(): string | number {
    const digits = this.#take(DIGITS);
    const step =
      digits === "" ? this.#quoted('a number or a name in quotes, such as [0] or ["odd name"]') : Number(digits);
    return this.#eat("]") ? step : this.#fail(this.#found(), '"]"');
  }

  #filter(place: number): Filter {
    const start = this.#at;
    const name = this.#take(NAME);
    if (!isFilter(name)) {
      this.#at = start;
      return this.#fail(
        name === "" ? this.#found() : `there is no filter "${name}"${guess(name, Object.keys(FILTERS))}`,
        FILTER_ALLOWED,
      );
    }
    if (name === "join" && place > 0) {
      this.#at = start;
      this.#fail('"join" stands behind a filter that has made text of the list', '"join" as the first filter');
    }
    if (name === "line" || name === "quote" || name === "json") return { name };
    this.#take(BLANKS);
    if (!this.#eat(":")) this.#fail(this.#found(), `":" and an argument behind "${name}", such as ${EXAMPLES[name]}`);
    this.#take(BLANKS);
    if (name === "limit") return { name, argument: this.#limit() };
    return { name, argument: this.#quoted(`text in quotes behind "${name}:", such as ${EXAMPLES[name]}`) };
  }

  #limit(): number {
    const start = this.#at;
    const digits = this.#take(DIGITS);
    if (Number(digits) >= 1 && Number(digits) <= MAX_LIMIT) return Number(digits);
    this.#at = start;
    return this.#fail(
      digits === "" ? this.#found() : `the limit is ${digits}`,
      `a whole number from 1 to ${MAX_LIMIT}`,
    );
  }

  /** Text in double quotes with JSON's escapes, or in single ones without any, as in TOML. */
  #quoted(allowed: string): string {
    const start = this.#at;
    const raw = this.#take(QUOTED);
    if (raw.startsWith("'")) return raw.slice(1, -1);
    try {
      if (raw !== "") return String(JSON.parse(raw));
    } catch {
      this.#at = start;
      this.#fail("an escape in the text is not one of JSON's", '\\n, \\t, \\", \\\\ or \\uXXXX');
    }
    return this.#fail(this.#found(), allowed);
  }

  #eat(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #found(): string {
    const rest = this.#text.slice(this.#at, this.#at + 21);
    if (rest === "") return 'the text ends before "}}"';
    if (rest.startsWith("}}")) return '"}}" comes too early';
    const [word = ""] = rest.split(/[\s}]/, 1);
    return `${JSON.stringify(word === "" ? rest.slice(0, 1) : rest.length > 20 ? `${word.slice(0, 20)}…` : word)} stands here`;
  }

  #fail(detail: string, allowed: string): never {
    // Text that ends too early is best looked for where the placeholder begins.
    throw new Fault(this.#at >= this.#text.length ? this.#open : this.#at, detail, allowed);
  }
}

const EXAMPLES = { limit: "limit:200", join: 'join:", "', default: 'default:"none"' } as const;

function isFilter(name: string): name is Filter["name"] {
  return Object.hasOwn(FILTERS, name);
}

function guess(word: string, known: readonly string[], mark = ""): string {
  const meant = nearest(word, known);
  return meant === undefined ? "" : ` (did you mean "${mark}${meant}"?)`;
}
