import { AgentError, type AgentEvent } from "../agent.ts";

/** What waits to be read, in UTF-16 units: as much as the longest answer. */
const MAX_WAITING = 8 * 1024 * 1024;
const EVENT_UNITS = 64;

/** Events from an agent that does not wait to a reader that may. Text that waits is joined. */
export class EventQueue {
  #events: AgentEvent[] = [];
  #units = 0;
  #end: { readonly error: unknown } | "over" | null = null;
  #wake: (() => void) | null = null;

  push(event: AgentEvent): void {
    if (this.#end !== null) return;
    this.#units += EVENT_UNITS + unitsOf(event);
    if (this.#units > MAX_WAITING) {
      this.fail(tooMuch());
      return;
    }
    const last = this.#events.at(-1);
    if (last && isText(event) && last.type === event.type) {
      this.#events[this.#events.length - 1] = { type: event.type, content: last.content + event.content };
    } else this.#events.push(event);
    this.#wake?.();
  }

  /** Nothing comes after what has been pushed. */
  finish(): void {
    this.#end ??= "over";
    this.#wake?.();
  }

  /** What has been pushed is read first. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  /** The next event, null after the last. @throws what `fail` was given. One reader at a time. */
  async next(): Promise<AgentEvent | null> {
    for (;;) {
      const event = this.#events.shift();
      if (event) {
        if (this.#events.length === 0) this.#units = 0;
        return event;
      }
      if (this.#end === "over") return null;
      if (this.#end !== null) throw this.#end.error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

function isText(event: AgentEvent): event is Extract<AgentEvent, { type: "delta" | "thought" }> {
  return event.type === "delta" || event.type === "thought";
}

function unitsOf(event: AgentEvent): number {
  if (isText(event)) return event.content.length;
  return event.type === "tool" ? JSON.stringify([event.input, event.output]).length : 0;
}

function tooMuch(): AgentError {
  return new AgentError("The agent said more than 8 MB faster than it was read.");
}
