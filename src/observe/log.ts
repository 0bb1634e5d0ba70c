import type { Clock } from "../lib/clock.ts";
import { rfc3339 } from "../lib/time.ts";

export type Level = "debug" | "info" | "warn" | "error";
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;

const RANK: Readonly<Record<Level, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const LABEL: Readonly<Record<Level, string>> = { debug: "debug", info: "info ", warn: "WARN ", error: "ERROR" };

// Tokens and pairing codes are scrubbed from whole lines, so that no caller can leak one by mistake.
const TOKEN = /zc_[0-9a-fA-F]{6,}/g;
const CODE = /\b[A-Za-z]{4}-\d{4}-[A-Za-z]{4}\b/g;
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const NO_FIELDS: Fields = {};

export interface LogOptions {
  readonly clock: Clock;
  /** Takes one or more whole lines, each with its line feed. */
  readonly write: (lines: string) => void;
  /** `human` for a terminal, `json` (one object a line) for everything else. */
  readonly format: "human" | "json";
  readonly level: Level;
}

/** Structured lines for stderr. Stdout belongs to the startup lines and to what commands print. */
export class Log {
  readonly #options: LogOptions;
  readonly #fields: Fields;

  constructor(options: LogOptions, fields: Fields = NO_FIELDS) {
    this.#options = options;
    this.#fields = fields;
  }

  /** A log whose every line carries `fields`. */
  with(fields: Fields): Log {
    return new Log(this.#options, { ...this.#fields, ...fields });
  }

  /** Whether lines of `level` are written: spares the caller from making fields that nobody reads. */
  takes(level: Level): boolean {
    return RANK[level] >= RANK[this.#options.level];
  }

  debug(message: string, fields?: Fields): void {
    this.#line("debug", message, fields);
  }

  info(message: string, fields?: Fields): void {
    this.#line("info", message, fields);
  }

  warn(message: string, fields?: Fields): void {
    this.#line("warn", message, fields);
  }

  error(message: string, fields?: Fields): void {
    this.#line("error", message, fields);
  }

  #line(level: Level, message: string, fields: Fields = NO_FIELDS): void {
    if (!this.takes(level)) return;
    const at = this.#options.clock.now();
    const all = this.#fields === NO_FIELDS ? fields : { ...this.#fields, ...fields };
    const line =
      this.#options.format === "json" ? jsonLine(at, level, message, all) : humanLine(at, level, message, all);
    // Three replacements that find nothing take 0.2 µs; one expression that looks for all three takes 0.6.
    this.#options.write(`${scrub(oneLine(line))}\n`);
  }
}

/** Text without tokens and pairing codes. */
export function scrub(text: string): string {
  return text.replace(TOKEN, "zc_[redacted]").replace(CODE, "[code]");
}

/** Joined by hand: spreading `fields` into one object costs twice what all the rest does. */
function jsonLine(at: number, level: Level, message: string, fields: Fields): string {
  const rest = JSON.stringify(fields);
  const head = `{"at":"${rfc3339(at)}","level":"${level}","message":${JSON.stringify(message)}`;
  return rest === "{}" ? `${head}}` : `${head},${rest.slice(1)}`;
}

function humanLine(at: number, level: Level, message: string, fields: Fields): string {
  let line = `${rfc3339(at).slice(11, 23)} ${LABEL[level]} ${message}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const text = String(value);
    line += ` ${name}=${/^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text)}`;
  }
  return line;
}

/**
 * Control characters made visible: what a stranger sent must not draw on an operator's terminal. In a line of JSON they
 * stand within strings, where these escapes mean the same.
 */
function oneLine(text: string): string {
  return text.replace(UNSEEN, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
