import type { TextStreamPart, ToolSet } from "ai";
import { isObject, type Json } from "../../lib/json.ts";
import { clean, cut } from "../../lib/plain-text.ts";
import type { Usage } from "../../protocol/run.ts";
import type { AgentEvent } from "../agent.ts";

const MAX_FRAME_TEXT = 4_096;
const MAX_ID = 128;
const MAX_NAME = 64;

/** What the model says in one turn, piece by piece, and what there is to know about it at the end. */
export class Speech {
  usage: Usage | null = null;
  finish = "";
  /** Anything was said that is part of the answer. */
  spoken = false;
  /** A tool was called. */
  acted = false;
  steps = 0;
  #lastStep = 0;
  #lastUnit = "";

  /** The events of one part; parts that nobody is shown give none. Errors and aborts are the caller's. */
  *events(part: TextStreamPart<ToolSet>): Generator<AgentEvent, void, void> {
    switch (part.type) {
      case "start-step":
        this.steps += 1;
        return;
      case "text-delta":
        yield* this.#said(part.text);
        return;
      case "reasoning-delta":
        if (part.text !== "") yield { type: "thought", content: part.text };
        return;
      case "tool-call":
        this.acted = true;
        yield { ...call(part), state: "running", input: inFrame(part.input) };
        return;
      case "tool-result":
        yield { ...call(part), ...outcome(part.output) };
        return;
      case "tool-error": // a name or an input that the SDK refused: the model is told, too
        yield { ...call(part), state: "failed", output: inFrame(messageOf(part.error)) };
        return;
      case "finish":
        this.finish = part.finishReason;
        this.usage = usageOf(part.totalUsage);
        return;
      default:
        return;
    }
  }

  /** What is said before a tool is used and what is said after it are two paragraphs. */
  *#said(text: string): Generator<AgentEvent, void, void> {
    if (text === "") return;
    if (this.spoken && this.#lastStep !== this.steps && !/\s/.test(this.#lastUnit)) {
      yield { type: "delta", content: "\n\n" };
    }
    this.#lastStep = this.steps;
    this.#lastUnit = text.slice(-1);
    this.spoken ||= text.trim() !== "";
    yield { type: "delta", content: text };
  }
}

function call({ toolCallId, toolName }: { readonly toolCallId: string; readonly toolName: string }) {
  return { type: "tool", call_id: cut(clean(toolCallId), MAX_ID), name: cut(clean(toolName), MAX_NAME) } as const;
}

/** The gateway's tools answer with a ToolResult; what a server says it has used by itself can be anything. */
function outcome(output: unknown): { readonly state: "done" | "failed"; readonly output: Json } {
  const given: Record<string, unknown> = isObject(output) ? output : {};
  const state = given["failed"] === true ? "failed" : "done";
  return { state, output: inFrame(typeof given["text"] === "string" ? given["text"] : output) };
}

/** A value as it is, or the beginning of its text when that is more than 4 KB. */
function inFrame(value: unknown): Json {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  if (Buffer.byteLength(text) > MAX_FRAME_TEXT) return beginningOf(text);
  return typeof value === "string" ? value.toWellFormed() : (JSON.parse(text || "null") as Json); // JSON, as it was written above
}

function beginningOf(text: string): string {
  const head = Buffer.from(text.slice(0, MAX_FRAME_TEXT)).subarray(0, MAX_FRAME_TEXT - "…".length * 3);
  return `${head.toString("utf8").replace(/\ufffd+$/, "")}…`;
}

function usageOf(usage: {
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
}): Usage | null {
  const { inputTokens, outputTokens } = usage;
  if (inputTokens === undefined && outputTokens === undefined) return null;
  return { input_tokens: counted(inputTokens), output_tokens: counted(outputTokens) };
}

/** What a server counts is its own affair; what is stored is a whole number. */
function counted(tokens: number | undefined): number {
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(tokens ?? 0)));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
