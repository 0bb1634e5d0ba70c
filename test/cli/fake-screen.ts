/** A terminal's screen, as far as our programs draw on it. Throws at what it does not know, and where a line would wrap. */
export class FakeScreen {
  readonly #columns: number;
  #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.#columns = columns;
  }

  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: this.#column };
  }

  /** What can be read, without blanks at the ends. */
  lines(): readonly string[] {
    const lines = this.#rows.map((cells) => cells.join("").trimEnd());
    while (lines.at(-1) === "" && lines.length > 1) lines.pop();
    return lines;
  }

  write(text: string): void {
    for (const [token] of text.matchAll(/\u001b\[[0-9;?]*[A-Za-z]|[\s\S]/gu)) {
      if (token.length > 1 && token.startsWith("\u001b")) this.#control(token);
      else if (token === "\n") this.#feed();
      else if (token === "\r") this.#column = 0;
      else this.#put(token);
    }
  }

  #control(sequence: string): void {
    const [, number, letter] = /^\u001b\[(\d*)([A-Z])$/.exec(sequence) ?? [];
    const count = Number(number || 1);
    if (letter === "A") this.#row -= count;
    else if (letter === "C") this.#column += count;
    else if (letter === "J") {
      this.#rows = this.#rows.slice(0, this.#row + 1);
      this.#rows[this.#row] = (this.#rows[this.#row] ?? []).slice(0, this.#column);
    } else if (!/^\u001b\[(\d+m|\?2004[hl])$/.test(sequence)) throw new Error(`Unknown ${JSON.stringify(sequence)}`);
    if (this.#row < 0) throw new Error("The cursor left the screen");
  }

  /** In raw mode the terminal still makes CR LF of a line feed. */
  #feed(): void {
    this.#row += 1;
    this.#column = 0;
    this.#rows[this.#row] ??= [];
  }

  #put(character: string): void {
    const width = Bun.stringWidth(character);
    if (this.#column + width >= this.#columns) throw new Error("A row reached the last column");
    const cells = this.#rows[this.#row] ?? [];
    while (cells.length < this.#column) cells.push(" ");
    cells[this.#column] = character;
    // The second column of a wide character is part of it.
    if (width === 2) cells[this.#column + 1] = "";
    this.#rows[this.#row] = cells;
    this.#column += width;
  }
}
