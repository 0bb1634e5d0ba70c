/** One event of a `text/event-stream`, as the WHATWG HTML standard §9.2 reads it. */
export interface SseEvent {
  /** What `event:` named; `message` when nothing did. */
  readonly type: string;
  /** The `data:` lines, joined by line feeds. Events without any are not dispatched. */
  readonly data: string;
  /** The last `id:` seen on this stream, also in an earlier event; empty when there was none. */
  readonly lastEventId: string;
}

/** An event longer than this is not one of ours: the stream is given up before it fills the memory. */
const MAX_EVENT_CHARS = 64 * 1024 * 1024;

const LINE_END = /[\r\n]/g;

/** Takes the text of an event stream in any pieces and gives back the events that each piece completes. */
export class SseParser {
  #line = "";
  #afterCr = false;
  #data: string[] = [];
  #size = 0;
  #type = "";
  #lastEventId = "";
  readonly #maxChars: number;

  constructor(maxChars: number = MAX_EVENT_CHARS) {
    this.#maxChars = maxChars;
  }

  /** @throws RangeError when a line or an event is longer than allowed. */
  push(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    let from = 0;
    // CR LF is one line end, also when the two came in different pieces.
    if (this.#afterCr && text !== "") {
      if (text.startsWith("\n")) from = 1;
      this.#afterCr = false;
    }
    for (;;) {
      LINE_END.lastIndex = from;
      const end = LINE_END.exec(text)?.index ?? -1;
      if (end < 0) break;
      const line = this.#line + text.slice(from, end);
      this.#line = "";
      from = end + 1;
      if (text[end] === "\r") {
        if (from === text.length) this.#afterCr = true;
        else if (text[from] === "\n") from += 1;
      }
      const event = line === "" ? this.#dispatch() : this.#field(line);
      if (event) events.push(event);
    }
    this.#line += text.slice(from);
    this.#check(this.#line.length);
    return events;
  }

  #field(line: string): undefined {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment, which servers send to keep the connection alive
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "data") {
      this.#size += value.length + 1;
      this.#check(this.#size);
      this.#data.push(value);
    } else if (name === "event") this.#type = value;
    else if (name === "id" && !value.includes("\0")) this.#lastEventId = value;
    // `retry` is advice for readers that reconnect by themselves; ours say that the stream ended instead.
  }

  #dispatch(): SseEvent | undefined {
    const [data, type] = [this.#data, this.#type];
    this.#data = [];
    this.#size = 0;
    this.#type = "";
    if (data.length === 0) return;
    return { type: type === "" ? "message" : type, data: data.join("\n"), lastEventId: this.#lastEventId };
  }

  #check(size: number): void {
    if (size <= this.#maxChars) return;
    throw new RangeError(`Cannot read the event stream: one event is longer than ${this.#maxChars} characters`);
  }
}

/** The events of a response's body. Leaving the loop early cancels the body. An event cut off by the end is dropped. */
export async function* readSse(
  body: ReadableStream<Uint8Array>,
  maxChars?: number,
): AsyncGenerator<SseEvent, void, undefined> {
  const parser = new SseParser(maxChars);
  // Drops a byte order mark at the start and makes U+FFFD of what is not UTF-8, as the standard wants.
  const decoder = new TextDecoder("utf-8");
  for await (const chunk of body) yield* parser.push(decoder.decode(chunk, { stream: true }));
}
