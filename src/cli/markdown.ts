import { type Block, blockOf, closesFence, type Fence } from "./markdown-block.ts";
import { MAX_HELD, renderInline } from "./markdown-inline.ts";
import { begin, end, type TextStyle } from "./markdown-style.ts";

/** How the rest of a line is shown once it is known what the line is. */
interface Line {
  readonly styles: readonly TextStyle[];
  /** As it is, without emphasis, code and links. */
  readonly raw: boolean;
}

const CODE_INDENT = "    ";

/**
 * Markdown for a terminal, while it is written. What is given back is never taken back: a piece of the text is held until
 * what it means is certain, which is soon. The same text looks the same in whatever pieces it comes. Text only: control
 * characters must be gone.
 */
export class MarkdownStream {
  #rest = "";
  #line: Line | null = null;
  #fence: Fence | null = null;
  /** The line is quoted, so no block of code begins in it: its end would be quoted too. */
  #quoted = false;
  /** The last character of the line that was taken. */
  #before = "";

  /** What can be shown now. */
  push(text: string): string {
    this.#rest += text;
    let out = "";
    for (let feed = this.#rest.indexOf("\n"); feed >= 0; feed = this.#rest.indexOf("\n")) {
      const line = this.#rest.slice(0, feed);
      this.#rest = this.#rest.slice(feed + 1);
      out += this.#wholeLine(line);
    }
    const { shown, used } = this.#take(this.#rest, false);
    this.#rest = this.#rest.slice(used);
    return out + shown;
  }

  /** What was held back, and the end of all styles. The next text begins a new line. */
  flush(): string {
    if (this.#rest === "" && this.#line === null) return "";
    const line = this.#rest;
    this.#rest = "";
    return this.#wholeLine(line).replace(/\n$/, "");
  }

  #wholeLine(line: string): string {
    const { shown, hidden } = this.#take(line, true);
    const styles = this.#line?.styles ?? [];
    this.#line = null;
    this.#quoted = false;
    this.#before = "";
    return hidden ? "" : `${shown}${end(styles)}\n`;
  }

  #take(line: string, whole: boolean): Taken {
    const { begun, shown, used } = this.#begin(line, whole);
    if (begun === "hidden") return { shown, used, hidden: true };
    if (begun === null) return { shown, used, hidden: false };
    const text = line.slice(used);
    if (begun.raw) return { shown: shown + text, used: line.length, hidden: false };
    const inline = renderInline({ text, whole, before: this.#before, outer: begun.styles });
    if (inline.used > 0) this.#before = text[inline.used - 1] ?? "";
    return { shown: shown + inline.out, used: used + inline.used, hidden: false };
  }

  /** Finds out what the line is, if that is not known yet and can be. */
  #begin(line: string, whole: boolean): { begun: Line | "hidden" | null; shown: string; used: number } {
    if (this.#line) return { begun: this.#line, shown: "", used: 0 };
    if (this.#fence) return this.#beginCode(this.#fence, line, whole);
    let shown = "";
    let used = 0;
    for (;;) {
      const block = blockOf(line.slice(used), whole);
      if (block === null) return { begun: null, shown, used };
      used += block.length;
      if (block.kind === "quote") {
        this.#quoted = true;
        shown += "│ ";
        continue;
      }
      if (block.kind === "fence" && !this.#quoted) return this.#openFence(block.fence, shown, used);
      if (block.kind === "fence") used -= block.length;
      const begun = lineOf(block.kind);
      this.#line = begun;
      shown += block.kind === "item" ? `${block.indent}• ` : "";
      return { begun, shown: shown + begin(begun.styles), used };
    }
  }

  #openFence(fence: Fence, shown: string, used: number): { begun: Line | "hidden"; shown: string; used: number } {
    this.#fence = fence;
    if (fence.info === "") return { begun: "hidden", shown: "", used };
    const begun: Line = { styles: ["dim", "italic"], raw: true };
    this.#line = begun;
    return { begun, shown: `${shown}${begin(begun.styles)}${CODE_INDENT}${fence.info}`, used };
  }

  #beginCode(
    fence: Fence,
    line: string,
    whole: boolean,
  ): { begun: Line | "hidden" | null; shown: string; used: number } {
    const closes = closesFence(line, whole, fence);
    if (closes === null) return { begun: null, shown: "", used: 0 };
    if (closes) {
      this.#fence = null;
      return { begun: "hidden", shown: "", used: line.length };
    }
    const begun: Line = { styles: ["dim"], raw: true };
    this.#line = begun;
    const indent = line.startsWith(fence.indent) ? fence.indent.length : 0;
    const empty = whole && line.trim() === "" && line.length <= MAX_HELD;
    return { begun, shown: begin(begun.styles) + (empty ? "" : CODE_INDENT), used: indent };
  }
}

interface Taken {
  readonly shown: string;
  readonly used: number;
  /** The line is not shown at all. */
  readonly hidden: boolean;
}

function lineOf(kind: Block["kind"]): Line {
  if (kind === "heading") return { styles: ["bold"], raw: false };
  if (kind === "rule") return { styles: ["dim"], raw: true };
  return { styles: [], raw: kind === "raw" || kind === "fence" };
}
