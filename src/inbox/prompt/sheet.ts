import { clean, cut } from "../../lib/plain-text.ts";
import { oneLine } from "../summary/plain.ts";
import type { Fence } from "./fence.ts";

const LEFT_OUT = "(There was more; it did not fit.)";

/** The longest value on a line, in UTF-16 units. */
const FACT = 300;

/**
 * A prompt, line by line: labels are the gateway's, every value is fenced. Never longer than `max` UTF-16 units; what
 * does not fit is left out, and a last line says so.
 */
export class Sheet {
  readonly #fence: Fence;
  readonly #lines: string[] = [];
  #room: number;
  #isFull = false;

  constructor(fence: Fence, max: number) {
    this.#fence = fence;
    this.#room = max - LEFT_OUT.length - 1;
  }

  /** The gateway's own words. Nothing of a delivery may be in them. */
  say(words: string): this {
    return this.#add(words);
  }

  /** `Title: …` on one line. Text, numbers and booleans are shown; nothing of anything else, and nothing blank. */
  fact(label: string, value: unknown, max: number = FACT): this {
    const text = oneLine(scalar(value), max);
    return text === "" ? this : this.#add(`${label}: ${this.#fence.wrap(text)}`);
  }

  /** A text with its lines. */
  text(label: string, value: unknown, max: number): this {
    const text = cut(clean(scalar(value).slice(0, max * 2)).trim(), max);
    return text === "" ? this : this.#add(`${label}:\n${this.#fence.wrap(text)}`);
  }

  /** One line for each of the first `items` values, in one fence; a count says how many there were. */
  list(label: string, values: readonly string[], items: number, max: number = FACT): this {
    const shown = values.slice(0, items).map((value) => oneLine(value, max));
    const lines = shown.filter((line) => line !== "").map((line) => `- ${line}`);
    if (lines.length === 0) return this;
    const count = values.length > shown.length ? `the first ${shown.length} of ${values.length}` : `${values.length}`;
    return this.#add(`${label} (${count}):\n${this.#fence.wrap(lines.join("\n"))}`);
  }

  toString(): string {
    return (this.#isFull ? [...this.#lines, LEFT_OUT] : this.#lines).join("\n");
  }

  #add(line: string): this {
    if (line.length + 1 > this.#room) {
      this.#isFull = true;
      return this;
    }
    this.#lines.push(line);
    this.#room -= line.length + 1;
    return this;
  }
}

function scalar(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}
