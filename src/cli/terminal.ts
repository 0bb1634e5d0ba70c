import { OutputClosed } from "./exit-codes.ts";
import { printable, printableJson } from "./printable.ts";

/** Where text goes. */
export interface Output {
  readonly isTerminal: boolean;
  /** Columns of the terminal; 80 when that is not known. */
  columns(): number;
  /** False when nobody reads it any more. */
  write(text: string): boolean;
}

type Style = "bold" | "dim" | "red" | "green" | "yellow";
const SGR: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

/**
 * What commands print with, and nothing else prints. Stdout is for what was asked for, stderr for everything else.
 * Text of strangers goes through `printable()` first.
 */
export class Terminal {
  readonly #out: Output;
  readonly #err: Output;
  readonly #noColor: boolean;

  /** `env`: `NO_COLOR`, if it is not empty (no-color.org), and `TERM=dumb` turn colours off. */
  constructor(out: Output, err: Output, env: Readonly<Record<string, string | undefined>>) {
    this.#out = out;
    this.#err = err;
    this.#noColor = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  }

  /** Whether a person reads stdout. */
  get isTerminal(): boolean {
    return this.#out.isTerminal;
  }

  /** Whether a person reads stderr. */
  get notesAreRead(): boolean {
    return this.#err.isTerminal;
  }

  /** Columns to fit tables into; Infinity when a program reads them. */
  get width(): number {
    return this.#out.isTerminal ? this.#out.columns() : Number.POSITIVE_INFINITY;
  }

  /** Text as it is, to stdout. @throws OutputClosed when nobody reads it any more. */
  write(text: string): void {
    if (text !== "" && !this.#out.write(text)) throw new OutputClosed("Cannot write to stdout: its reader has gone");
  }

  /** A line to stdout. @throws OutputClosed */
  print(line = ""): void {
    this.write(`${line}\n`);
  }

  /** One JSON document to stdout: indented for a person, compact for a program. @throws OutputClosed */
  json(value: unknown): void {
    this.print(printableJson(this.#out.isTerminal ? JSON.stringify(value, null, 2) : JSON.stringify(value)));
  }

  /** A line to stderr: hints, warnings, errors. That nobody reads it is no reason to stop. */
  note(line: string): void {
    this.#err.write(`${line}\n`);
  }

  /** What went wrong, to stderr: the first line stands out. Control characters in what it quotes are shown. */
  error(text: string): void {
    const [first = "", ...hints] = printable(text).split("\n");
    this.note([this.noteStyle("red", first), ...hints].join("\n"));
  }

  /** Text for `print`, in a style if stdout shows styles. */
  style(style: Style, text: string): string {
    return this.#styled(this.#out, style, text);
  }

  /** Text for `note`, in a style if stderr shows styles. */
  noteStyle(style: Style, text: string): string {
    return this.#styled(this.#err, style, text);
  }

  #styled(output: Output, style: Style, text: string): string {
    if (this.#noColor || !output.isTerminal || text === "") return text;
    const [on, off] = SGR[style];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  }
}
