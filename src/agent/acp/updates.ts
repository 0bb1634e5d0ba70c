import { isObject, type Json } from "../../lib/json.ts";
import { clean, cut } from "../../lib/plain-text.ts";
import type { AgentEvent } from "../agent.ts";

type Update = Readonly<Record<string, unknown>>;
type ToolEvent = Extract<AgentEvent, { type: "tool" }>;

const MAX_NAME = 200;
/** Input and output of a tool, as JSON. */
const MAX_VALUE = 4_096;
/** Tool calls of one turn that are told apart; later ones are not told at all. */
const MAX_TOOLS = 2_000;

/** Reads the `session/update`s of one turn (ACP v1, "Prompt Turn"). What it does not know is nothing to it. */
export class UpdateReader {
  readonly #emit: (event: AgentEvent) => void;
  readonly #tools = new Map<string, ToolEvent>();
  #messageId: unknown;
  /** How the text so far ends; null when there is none but white space. */
  #end: string | null = null;
  #apart = false;

  constructor(emit: (event: AgentEvent) => void) {
    this.#emit = emit;
  }

  get spoke(): boolean {
    return this.#end !== null;
  }

  get tools(): number {
    return this.#tools.size;
  }

  read(update: Update): void {
    switch (update["sessionUpdate"]) {
      case "agent_message_chunk":
        this.#say(textOf(update["content"]), update["messageId"]);
        break;
      case "agent_thought_chunk": {
        const content = textOf(update["content"]);
        if (content !== "") this.#emit({ type: "thought", content });
        break;
      }
      case "tool_call":
      case "tool_call_update":
        this.#tool(update);
        break;
    }
  }

  #say(text: string, messageId: unknown): void {
    if (text === "") return;
    // What agents say before and after a tool call are paragraphs of one answer, which they send without a break.
    const another = typeof messageId === "string" && this.#messageId !== undefined && messageId !== this.#messageId;
    if (typeof messageId === "string") this.#messageId = messageId;
    const apart = (this.#apart || another) && this.#end !== null && !/\s$/.test(this.#end) && !/^\s/.test(text);
    this.#apart = false;
    if (this.#end !== null || text.trim() !== "") this.#end = text;
    this.#emit({ type: "delta", content: apart ? `\n\n${text}` : text });
  }

  #tool(update: Update): void {
    const call_id = label(update["toolCallId"]);
    const known = this.#tools.get(call_id);
    if (call_id === "" || (known && known.state !== "running") || (!known && this.#tools.size >= MAX_TOOLS)) return;
    const name = label(update["title"]) || known?.name || label(update["kind"]) || "tool";
    const state = stateOf(update["status"]);
    const input = known?.input ?? jsonOf(update["rawInput"]);
    const output = state === "running" ? undefined : (jsonOf(update["rawOutput"]) ?? contentOf(update["content"]));
    const event: ToolEvent = {
      type: "tool",
      call_id,
      name,
      state,
      ...(input === undefined ? {} : { input }),
      ...(output === undefined ? {} : { output }),
    };
    this.#tools.set(call_id, event);
    this.#apart = true;
    // Agents repeat a running call for every line that it prints: only what is new about it is told.
    const told = known && known.state === state && known.name === name && known.input === input;
    if (!told) this.#emit(event);
  }
}

/** One line for people: a tool's title, an option's name. "" when there is none. */
export function label(value: unknown): string {
  if (typeof value !== "string") return "";
  return cut(
    clean(value.slice(0, 4 * MAX_NAME))
      .replace(/\s+/g, " ")
      .trim(),
    MAX_NAME,
  );
}

function stateOf(status: unknown): ToolEvent["state"] {
  if (status === "completed") return "done";
  return status === "failed" ? "failed" : "running";
}

/** A block of content as text; what is no text is named in brackets. */
function textOf(content: unknown): string {
  if (!isObject(content)) return "";
  switch (content["type"]) {
    case "text":
      return typeof content["text"] === "string" ? content["text"] : "";
    case "image":
    case "audio":
      return `[${content["type"]}]`;
    case "resource_link":
      return `[${label(content["title"]) || label(content["name"]) || "resource"}: ${label(content["uri"])}]`;
    case "resource": {
      const { resource } = content;
      return isObject(resource) ? `[resource: ${label(resource["uri"])}]` : "";
    }
    default:
      return "";
  }
}

/** What a tool call shows, when it has no raw output. */
function contentOf(content: unknown): Json | undefined {
  if (!Array.isArray(content)) return undefined;
  const shown = content.flatMap((item: unknown) => {
    if (!isObject(item)) return [];
    if (item["type"] === "content") return [textOf(item["content"])];
    return item["type"] === "diff" ? [`[change of ${label(item["path"])}]`] : [];
  });
  return shown.length === 0 ? undefined : jsonOf(shown.join("\n"));
}

/** A value that came as JSON, cut down to text when it is long. */
function jsonOf(value: unknown): Json | undefined {
  if (value === undefined || value === null) return undefined;
  try {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    if (text.length > MAX_VALUE) return cut(text, MAX_VALUE);
  } catch {
    return undefined; // nested so deep that it can be read, but not written
  }
  // as: it was parsed from JSON.
  return value as Json;
}
