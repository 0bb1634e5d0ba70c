import { describe, expect, test } from "bun:test";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, type LanguageModel, type ModelMessage, streamText } from "ai";
import { AgentError } from "../../../src/agent/agent.ts";
import { OWNER } from "../../support/socket.ts";
import { failureOf, Served } from "./served.ts";

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

type Models = (served: Served) => LanguageModel;

const openai = (served: Served) => createOpenAI({ baseURL: served.url, apiKey: OWNER });
const CLIENTS: readonly (readonly [string, Models])[] = [
  ["@ai-sdk/openai, responses", (served) => openai(served).responses("zeroclaw")],
  ["@ai-sdk/openai, chat", (served) => openai(served).chat("zeroclaw")],
  [
    "@ai-sdk/openai-compatible",
    (served) =>
      createOpenAICompatible({ name: "zeroclaw", baseURL: served.url, apiKey: OWNER, includeUsage: true })("zeroclaw"),
  ],
];

describe.each(CLIENTS)("the AI SDK with %s", (_name, modelOf) => {
  test("gets the whole answer and what it used", async () => {
    await using served = new Served();
    served.agent.script = (turn) => {
      turn.say("Hi");
      turn.done({ input_tokens: 3, output_tokens: 2 });
    };
    const { text, usage, finishReason } = await generateText({ model: modelOf(served), prompt: "Hello" });
    expect({ text, finishReason }).toEqual({ text: "Hi", finishReason: "stop" });
    expect(usage).toMatchObject({ inputTokens: 3, outputTokens: 2 });
  });

  test("gets the answer in pieces", async () => {
    await using served = new Served();
    served.agent.script = (turn) => {
      for (const piece of ["Hel", "lo"]) turn.say(piece);
      turn.done({ input_tokens: 3, output_tokens: 2 });
    };
    const result = streamText({ model: modelOf(served), prompt: "Hello", instructions: "Be brief." });
    const pieces: string[] = [];
    for await (const piece of result.textStream) pieces.push(piece);
    expect(pieces).toEqual(["Hel", "lo"]);
    expect(await result.finishReason).toBe("stop");
    expect(await result.usage).toMatchObject({ inputTokens: 3, outputTokens: 2 });
    expect(served.agent.last.turn).toMatchObject({ text: "Hello", instructions: "Be brief." });
  });

  test("brings the conversation along", async () => {
    await using served = new Served();
    const messages: ModelMessage[] = [
      { role: "user", content: "One" },
      { role: "assistant", content: "1" },
      { role: "user", content: [{ type: "text", text: "Two" }] },
    ];
    await generateText({ model: modelOf(served), messages });
    const history = await served.agent.last.turn.history(10);
    expect(history.map(({ role, content }) => [role, content])).toEqual([
      ["user", "One"],
      ["assistant", "1"],
    ]);
  });

  test("fails with the reason when the agent does, before it speaks and in the middle", async () => {
    await using served = new Served();
    const model = modelOf(served);
    for (const said of ["", "Half"]) {
      served.agent.script = (turn) => {
        if (said !== "") turn.say(said);
        turn.fail(new AgentError("The model broke off."));
      };
      const errors: unknown[] = [];
      const result = streamText({
        model,
        prompt: "Hello",
        maxRetries: 0,
        onError: ({ error }) => void errors.push(error),
      });
      await result.consumeStream();
      expect(errors).toHaveLength(1);
      expect(String(errors[0])).toContain("The model broke off.");
    }
  });

  test("is told what it may not ask for", async () => {
    await using served = new Served();
    const image = { type: "image" as const, image: "data:image/png;base64,iVBORw0KGgo=" };
    const asked = generateText({ model: modelOf(served), messages: [{ role: "user", content: [image] }] });
    const error = await failureOf(asked);
    expect(APICallError.isInstance(error)).toBe(true);
    expect(String(error)).toContain("The agent takes text only");
  });
});

describe("the AI SDK with @ai-sdk/openai, responses", () => {
  test("goes on from its own answers when it is told that nothing is stored, and is told how otherwise", async () => {
    await using served = new Served();
    const model = openai(served).responses("zeroclaw");
    const first = await generateText({ model, prompt: "One" });
    const messages: ModelMessage[] = [
      { role: "user", content: "One" },
      ...first.responseMessages,
      { role: "user", content: "Two" },
    ];
    const error = await failureOf(generateText({ model, messages }));
    expect(String(error)).toContain('"store": false');
    await generateText({ model, messages, providerOptions: { openai: { store: false } } });
    expect((await served.agent.last.turn.history(10)).map(({ content }) => content)).toEqual(["One", "You said: One"]);
  });
});
