const MAX_DEPTH = 32;

/**
 * Compact JSON of at most `max` UTF-16 units. What does not fit, or lies deeper than 32 levels, is `…`, so the text may be
 * no JSON any more. Never throws; the time it takes does not grow with what is left out.
 */
export function jsonText(value: unknown, max: number): string {
  const writer = new Writer(max);
  writer.write(value, 0);
  return writer.text();
}

class Writer {
  readonly #max: number;
  #text = "";

  constructor(max: number) {
    this.#max = max;
  }

  /** One unit more than allowed says that something was left out; a cut never halves a character. */
  text(): string {
    if (this.#text.length <= this.#max) return this.#text;
    const head = this.#text.slice(0, Math.max(0, this.#max - 1));
    return `${/[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head}…`;
  }

  get #full(): boolean {
    return this.#text.length > this.#max;
  }

  write(value: unknown, depth: number): void {
    if (typeof value === "string") this.#text += JSON.stringify(value.slice(0, this.#max + 1));
    else if (typeof value !== "object" || value === null) this.#text += JSON.stringify(value) ?? "null";
    else if (depth === MAX_DEPTH) this.#text += "…";
    else if (Array.isArray(value)) this.#list(value, depth);
    else this.#object(value, depth);
  }

  #list(list: readonly unknown[], depth: number): void {
    this.#text += "[";
    for (const [i, item] of list.entries()) {
      if (this.#full) return;
      if (i > 0) this.#text += ",";
      this.write(item, depth + 1);
    }
    this.#text += "]";
  }

  #object(object: object, depth: number): void {
    this.#text += "{";
    let first = true;
    for (const [key, value] of Object.entries(object)) {
      if (this.#full) return;
      this.#text += `${first ? "" : ","}${JSON.stringify(key.slice(0, this.#max + 1))}:`;
      first = false;
      this.write(value, depth + 1);
    }
    this.#text += "}";
  }
}
