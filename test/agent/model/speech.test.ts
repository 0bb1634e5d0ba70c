import { describe, expect, test } from "bun:test";
import type { TextStreamPart, ToolSet } from "ai";
import { Speech } from "../../../src/agent/model/speech.ts";

const usage = (inputTokens: number | undefined, outputTokens: number | undefined) => {
  const speech = new Speech();
  // Only what is read of such a part.
  const part = { type: "finish", finishReason: "stop", totalUsage: { inputTokens, outputTokens } };
  drain(speech, part as unknown as TextStreamPart<ToolSet>);
  return speech.usage;
};

function drain(speech: Speech, part: TextStreamPart<ToolSet>) {
  return [...speech.events(part)];
}

describe("Speech", () => {
  test("counts whole tokens, whatever the server counts", () => {
    expect(usage(3, 4)).toEqual({ input_tokens: 3, output_tokens: 4 });
    expect(usage(-3.5, 1e300)).toEqual({ input_tokens: 0, output_tokens: Number.MAX_SAFE_INTEGER });
    expect(usage(undefined, 4)).toEqual({ input_tokens: 0, output_tokens: 4 });
    expect(usage(undefined, undefined)).toBeNull();
  });

  test.each([
    [null, null],
    [{ url: "x" }, { url: "x" }],
    ["text", "text"],
  ] as const)("shows what a server says its own tool gave: %p", (given, output) => {
    // A part of a tool that the provider ran; of its many fields only these are read.
    const part = { type: "tool-result", toolCallId: "call_1", toolName: "web", output: given };
    expect(drain(new Speech(), part as unknown as TextStreamPart<ToolSet>)).toEqual([
      { type: "tool", call_id: "call_1", name: "web", state: "done", output },
    ]);
  });

  test("shows neither invisible characters nor endless names of a call", () => {
    const part = { type: "tool-call", toolCallId: "\u001b[2J".repeat(200), toolName: "n".repeat(500), input: {} };
    const [event] = drain(new Speech(), part as unknown as TextStreamPart<ToolSet>); // as above
    if (event?.type !== "tool") throw new Error("It showed no tool call");
    expect([event.call_id.length, event.name.length, event.call_id.includes("\u001b")]).toEqual([128, 64, false]);
  });
});
