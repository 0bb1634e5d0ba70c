import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventQueue } from "../../../src/agent/acp/event-queue.ts";
import { parseQuestion } from "../../../src/agent/acp/permission.ts";
import { UpdateReader } from "../../../src/agent/acp/updates.ts";
import type { AgentEvent } from "../../../src/agent/agent.ts";

function readAll(...updates: readonly Record<string, unknown>[]): AgentEvent[] {
  const events: AgentEvent[] = [];
  const reader = new UpdateReader((event) => events.push(event));
  for (const update of updates) reader.read(update);
  return events;
}

const text = (words: string, messageId?: string) => ({
  sessionUpdate: "agent_message_chunk",
  content: { type: "text", text: words },
  ...(messageId === undefined ? {} : { messageId }),
});

describe("UpdateReader", () => {
  test("survives whatever an agent sends as an update, a tool call or a question", () => {
    const kind = fc.constantFrom("agent_message_chunk", "agent_thought_chunk", "tool_call", "tool_call_update", "x");
    const update = fc
      .tuple(
        kind,
        fc.dictionary(fc.constantFrom("content", "toolCallId", "title", "status", "rawInput"), fc.jsonValue()),
      )
      .map(([sessionUpdate, rest]): Record<string, unknown> => ({ sessionUpdate, ...rest }));
    fc.assert(
      fc.property(fc.array(update), (updates) => {
        for (const event of readAll(...updates)) {
          if (event.type !== "tool") continue;
          expect(event.name.length).toBeLessThanOrEqual(200);
          expect(event.call_id.length).toBeLessThanOrEqual(200);
        }
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (options) => {
        const parse = () => parseQuestion({ sessionId: "s", options });
        if (Array.isArray(options)) expect(parse().title).toBe("Use a tool");
        else expect(parse).toThrow(TypeError);
      }),
    );
  });

  test("sets another message apart from the one before, unless it does so itself", () => {
    const said = (...updates: Record<string, unknown>[]) =>
      readAll(...updates).map((event) => (event.type === "delta" ? event.content : ""));
    expect(said(text("One", "a"), text(" more.", "a"), text("Two.", "b"))).toEqual(["One", " more.", "\n\nTwo."]);
    expect(said(text("One\n", "a"), text("Two.", "b"))).toEqual(["One\n", "Two."]);
    expect(said(text("One"), text("Two"))).toEqual(["One", "Two"]);
  });

  test("leaves out input and output that are longer than 4 KB as JSON, but for their beginning", () => {
    const call = { sessionUpdate: "tool_call", toolCallId: "t", title: "T" };
    const [event] = readAll({ ...call, rawInput: Array.from({ length: 5_000 }, () => 1) });
    const input = event?.type === "tool" ? event.input : null;
    expect(input).toBeString();
    expect(String(input)).toHaveLength(4_096);
    expect(String(input)).toStartWith("[1,1,1");
    const deep: unknown = JSON.parse("[".repeat(500_000) + "]".repeat(500_000));
    expect(readAll({ ...call, rawInput: deep })).toEqual([{ type: "tool", call_id: "t", name: "T", state: "running" }]);
  });
});

describe("EventQueue", () => {
  test("joins text that waits, keeps the order, and ends after what was pushed", async () => {
    const queue = new EventQueue();
    for (const content of ["a", "b"]) queue.push({ type: "delta", content });
    queue.push({ type: "thought", content: "c" });
    queue.push({ type: "delta", content: "d" });
    queue.finish();
    queue.push({ type: "delta", content: "late" });
    const read = [await queue.next(), await queue.next(), await queue.next(), await queue.next()];
    expect(read).toEqual([
      { type: "delta", content: "ab" },
      { type: "thought", content: "c" },
      { type: "delta", content: "d" },
      null,
    ]);
  });

  test("fails rather than hold more than 8 MB for a reader that does not come", async () => {
    const queue = new EventQueue();
    const mega = "x".repeat(1024 * 1024);
    for (let i = 0; i < 9; i += 1) queue.push({ type: i % 2 === 0 ? "delta" : "thought", content: mega });
    let read = 0;
    const drain = async () => {
      while ((await queue.next()) !== null) read += 1;
    };
    const error = await drain().catch((reason: unknown) => reason);
    expect(String(error)).toContain("more than 8 MB");
    expect(read).toBe(7);
  });

  test("has room again when it has been read", async () => {
    const queue = new EventQueue();
    const mega = "x".repeat(1024 * 1024);
    for (let i = 0; i < 20; i += 1) {
      queue.push({ type: "delta", content: mega });
      expect(await queue.next()).not.toBeNull();
    }
  });
});
