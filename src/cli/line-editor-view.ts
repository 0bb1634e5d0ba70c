import { printableLine } from "./printable.ts";

/** What is to be drawn. */
export interface Drawing {
  readonly prompt: string;
  readonly characters: readonly string[];
  /** Characters before the cursor. */
  readonly cursor: number;
}

const TAB = "  ";
const FEWEST_COLUMNS = 8;
/** Rows of a long text that are drawn around the cursor: what has left the screen at its top cannot be erased. */
const MAX_ROWS = 8;

/**
 * A text of some lines at the bottom of what is on the screen, with the cursor in it. Rows are broken here, one column
 * before the terminal would: terminals differ in where the cursor is after the last column.
 */
export class EditorView {
  readonly #write: (text: string) => void;
  readonly #columns: () => number;
  /** Rows above the cursor that are drawn; null while nothing is. */
  #above: number | null = null;

  constructor(write: (text: string) => void, columns: () => number) {
    this.#write = write;
    this.#columns = columns;
  }

  get shown(): boolean {
    return this.#above !== null;
  }

  /** Draws it, in place of what was drawn before. */
  draw(drawing: Drawing): void {
    const laidOut = layOut(drawing, this.#width);
    const from = Math.max(0, Math.min(laidOut.row - MAX_ROWS + 2, laidOut.rows.length - MAX_ROWS));
    const rows = laidOut.rows.slice(from, from + MAX_ROWS);
    const row = laidOut.row - from;
    const up = rows.length - 1 - row;
    const right = laidOut.column > 0 ? `\u001b[${laidOut.column}C` : "";
    this.#write(`${this.#erased()}${rows.join("\n")}${up > 0 ? `\u001b[${up}A` : ""}\r${right}`);
    this.#above = row;
  }

  /** Takes it off the screen: the cursor stands where it began. */
  erase(): void {
    if (this.#above === null) return;
    this.#write(this.#erased());
    this.#above = null;
  }

  /** Leaves all of it on the screen for good, and goes on below it. */
  keep(drawing: Drawing): void {
    this.#write(`${this.#erased()}${layOut(drawing, this.#width).rows.join("\n")}\n`);
    this.#above = null;
  }

  get #width(): number {
    return Math.max(FEWEST_COLUMNS, this.#columns() - 1);
  }

  #erased(): string {
    if (this.#above === null) return "";
    return `\r${this.#above > 0 ? `\u001b[${this.#above}A` : ""}\u001b[J`;
  }
}

interface LaidOut {
  readonly rows: readonly string[];
  /** Where the cursor is. */
  readonly row: number;
  readonly column: number;
}

/** Breaks a text into rows of at most `width` columns. */
export function layOut({ prompt, characters, cursor }: Drawing, width: number): LaidOut {
  const rows = [prompt];
  let column = Bun.stringWidth(prompt);
  let place = { row: 0, column };
  for (const [i, character] of characters.entries()) {
    if (i === cursor) place = { row: rows.length - 1, column };
    if (character === "\n") {
      rows.push("");
      column = 0;
      continue;
    }
    const shown = character === "\t" ? TAB : printableLine(character);
    const wide = Bun.stringWidth(shown);
    if (column + wide > width && column > 0) {
      rows.push("");
      column = 0;
      if (i === cursor) place = { row: rows.length - 1, column };
    }
    rows[rows.length - 1] += shown;
    column += wide;
  }
  if (cursor >= characters.length) place = { row: rows.length - 1, column };
  return { rows, ...place };
}
