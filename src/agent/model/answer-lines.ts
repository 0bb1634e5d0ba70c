import { isObject } from "../../lib/json.ts";
import type { ModelTarget } from "./providers.ts";

type Wire = ModelTarget["wire"];

const LINE_FEED = 10;
const NOTHING = Buffer.alloc(0);
const LEAST_TAIL = 1_024;
/** `data: [DONE]` that no line feed follows. */
const DONE = /^data: ?\[DONE\]/;

/** What stands in a line that may be the last. Within a string of JSON its quotes would be escaped. */
const MARKS: Readonly<Record<Wire, RegExp>> = {
  openai: /^data: ?\[DONE\]|"finish_reason"\s*:\s*"[^"]/gm,
  anthropic: /^data: ?\[DONE\]|"stop_reason"\s*:\s*"[^"]|"message_stop"/gm,
};

/** Ends the event that is open. */
const BLANK = Buffer.from("\n\n");
/** Anthropic's client waits for an event that says what `stop_reason` has said already. */
const STOP = Buffer.from('\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n');

/**
 * An answer on the wire, line by line, and where it ends: servers say so in different ways, and not all of them close the
 * connection then. Runs for every piece of every answer: bytes are looked at as Latin-1, and only a line that
 * may be the last is parsed.
 */
export class AnswerLines {
  /** Nothing more belongs to the answer. */
  over = false;
  readonly #wire: Wire;
  #finishes = 0;
  #stopped = false;
  #tail = NOTHING;
  #length = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** The server has said why it ended: only what it counted may follow. One that says so in every piece is not believed. */
  get finished(): boolean {
    return this.#finishes === 1;
  }

  /** Bytes of a line that is not whole yet. */
  get pending(): number {
    return this.#length;
  }

  /** The whole lines of the answer that are complete with `bytes`; the rest is kept. */
  take(bytes: Uint8Array): Uint8Array {
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    const lines = end === 0 ? NOTHING : this.#joined(bytes.subarray(0, end));
    const kept = this.#look(lines);
    if (this.over) return kept;
    this.#keep(bytes.subarray(end));
    this.over = this.#length < 16 && DONE.test(this.#tail.toString("latin1", 0, this.#length));
    return kept;
  }

  /** What the reader still has to see when no more comes. Half a line is nothing, unless it lacks only its line feed. */
  end(): Uint8Array {
    const before = this.#finishes;
    const line = this.over || this.#length === 0 ? NOTHING : this.#look(this.#joined(BLANK));
    const kept = this.over || this.#finishes > before ? line : NOTHING;
    const unsaid = this.#wire === "anthropic" && this.#finishes > 0 && !this.#stopped;
    return Buffer.concat([kept, unsaid ? STOP : BLANK]);
  }

  #joined(bytes: Uint8Array): Buffer {
    const before = this.#tail.subarray(0, this.#length);
    this.#tail = NOTHING;
    this.#length = 0;
    if (before.length > 0) return Buffer.concat([before, bytes]);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Grows by doubling: a long line may come byte by byte. */
  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const length = this.#length + bytes.length;
    if (length > this.#tail.length) {
      const larger = Buffer.alloc(Math.max(LEAST_TAIL, 2 * length));
      larger.set(this.#tail.subarray(0, this.#length));
      this.#tail = larger;
    }
    this.#tail.set(bytes, this.#length);
    this.#length = length;
  }

  /** Those of the lines that belong to the answer. */
  #look(lines: Buffer): Buffer {
    const text = lines.toString("latin1");
    let next = 0;
    for (const { 0: mark, index } of text.matchAll(MARKS[this.#wire])) {
      if (index < next) continue; // one look at each line is enough
      next = text.indexOf("\n", index) + 1 || text.length;
      if (mark.startsWith("data")) {
        this.over = true;
        return lines.subarray(0, index);
      }
      const line = text.lastIndexOf("\n", index) + 1;
      const said = meaningOf(text.slice(line, next), this.#wire);
      if (said === "finished") this.#finishes += 1;
      if (said === "over") {
        this.over = true;
        // A stop without a reason is none: unseen, it leaves the answer broken off.
        this.#stopped = this.#finishes > 0;
        return lines.subarray(0, this.#stopped ? next : line);
      }
    }
    return lines;
  }
}

function meaningOf(line: string, wire: Wire): "finished" | "over" | null {
  if (!line.startsWith("data:")) return null;
  try {
    const value: unknown = JSON.parse(line.slice("data:".length));
    if (!isObject(value)) return null;
    return wire === "openai" ? inChunk(value) : inEvent(value);
  } catch {
    return null;
  }
}

function inChunk({ choices }: Readonly<Record<string, unknown>>): "finished" | null {
  const first: unknown = Array.isArray(choices) ? choices[0] : null;
  return isObject(first) && isName(first["finish_reason"]) ? "finished" : null;
}

function inEvent({ type, delta }: Readonly<Record<string, unknown>>): "finished" | "over" | null {
  if (type === "message_stop") return "over";
  return type === "message_delta" && isObject(delta) && isName(delta["stop_reason"]) ? "finished" : null;
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
