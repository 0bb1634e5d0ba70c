import { describe, expect, test } from "bun:test";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, type LanguageModel, streamText } from "ai";
import OpenAI from "openai";
import type { Answer, GatewayClient } from "../support/gateway-client.ts";
import { GatewayProcess } from "../support/gateway-process.ts";

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";
const HELLO = { model: "zeroclaw", messages: [{ role: "user" as const, content: "Who are you?" }] };

/** The agent to clients of OpenAI's API that know nothing of gateways: unmodified, with a token as their key. */
export function httpOpenAiConformance(command: readonly string[]): void {
  openaiClient(command);
  aiSdk(command);
  refusals(command);
  sessions(command);
}

function clientOf({ url, token }: GatewayClient, headers: Readonly<Record<string, string>> = {}): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: token ?? "none", maxRetries: 0, defaultHeaders: headers });
}

/** What asking fails with; null when it does not. */
async function failureOf(asked: PromiseLike<unknown>): Promise<unknown> {
  try {
    await asked;
    return null;
  } catch (error) {
    return error;
  }
}

function openaiClient(command: readonly string[]): void {
  describe("OpenAI's client", () => {
    test("finds the models", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const client = clientOf(await gateway.owner());
      const { data } = await client.models.list();
      expect(data.map(({ id }) => id)).toEqual(["zeroclaw", "zeroclaw:operator"]);
      expect(await client.models.retrieve("zeroclaw:operator")).toEqual({
        id: "zeroclaw:operator",
        object: "model",
        created: expect.any(Number),
        owned_by: "zeroclaw",
      });
    });

    test("completes a chat: whole, in pieces, and put together by its helper, all the same", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const { chat } = clientOf(await gateway.owner());
      const whole = await chat.completions.create(HELLO);
      expect(whole).toMatchObject({ object: "chat.completion", model: "operator", usage: { total_tokens: 0 } });
      const said = whole.choices[0]?.message.content ?? "";
      expect(said.length).toBeGreaterThan(20);
      const pieces: string[] = [];
      const stream = await chat.completions.create({ ...HELLO, stream: true });
      for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content ?? "");
      expect(pieces.length).toBeGreaterThan(3);
      expect(pieces.join("")).toBe(said);
      const helper = chat.completions.stream({ ...HELLO, stream_options: { include_usage: true } });
      const final = await helper.finalChatCompletion();
      expect(final.choices[0]).toMatchObject({ message: { content: said }, finish_reason: "stop" });
    });

    test("gets a response: whole and in pieces, the same", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const { responses } = clientOf(await gateway.owner());
      const asked = { model: "zeroclaw", input: "Who are you?" };
      const whole = await responses.create(asked);
      expect(whole).toMatchObject({ status: "completed", store: false, model: "operator" });
      expect(whole.output_text.length).toBeGreaterThan(20);
      let text = "";
      for await (const event of await responses.create({ ...asked, stream: true })) {
        if (event.type === "response.output_text.delta") text += event.delta;
        if (event.type === "response.completed") expect(event.response.status).toBe("completed");
      }
      expect(text).toBe(whole.output_text);
      expect((await responses.stream(asked).finalResponse()).output_text).toBe(text);
    });

    test("may bring a history that is larger than other bodies may be, and leaves nothing behind", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const history = Array.from({ length: 200 }, (_, i) => {
        return { role: i % 2 === 0 ? ("user" as const) : ("assistant" as const), content: "x".repeat(1_000) };
      });
      const { choices } = await clientOf(owner).chat.completions.create({
        ...HELLO,
        messages: [{ role: "system", content: "Be brief." }, ...history, ...HELLO.messages],
      });
      expect(choices[0]?.message.content).not.toBe("");
      expect((await owner.get("/api/sessions")).rows("sessions")).toEqual([]);
    });
  });
}

function aiSdk(command: readonly string[]): void {
  const models: readonly (readonly [string, (options: { baseURL: string; apiKey: string }) => LanguageModel])[] = [
    ["@ai-sdk/openai, responses", (options) => createOpenAI(options).responses("zeroclaw")],
    ["@ai-sdk/openai, chat", (options) => createOpenAI(options).chat("zeroclaw")],
    ["@ai-sdk/openai-compatible", (options) => createOpenAICompatible({ name: "zeroclaw", ...options })("zeroclaw")],
  ];
  describe("the AI SDK", () => {
    test.each(models)("with %s gets the same answer whole and in pieces", async (_name, modelOf) => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const model = modelOf({ baseURL: `${gateway.url}/v1`, apiKey: await gateway.pair() });
      const { text, finishReason } = await generateText({ model, prompt: "Who are you?" });
      expect(finishReason).toBe("stop");
      expect(text.length).toBeGreaterThan(20);
      const pieces: string[] = [];
      for await (const piece of streamText({ model, prompt: "Who are you?" }).textStream) pieces.push(piece);
      expect(pieces.length).toBeGreaterThan(1);
      expect(pieces.join("")).toBe(text);
    });
  });
}

function refusals(command: readonly string[]): void {
  const shown = ({ status, json }: Answer) => ({ status, ...(json["error"] as object) }); // every refusal has it: asserted below
  const refusal = (status: number, code: string, zeroclaw_code = code) => ({
    status,
    message: expect.any(String),
    type: expect.stringMatching(/^(invalid_request_error|requests|server_error)$/),
    param: null,
    code,
    zeroclaw_code,
  });

  describe("refusals under /v1", () => {
    test("are the errors that OpenAI's client knows", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const stranger = clientOf(gateway.client(`zc_${"0".repeat(64)}`));
      const wrongKey = await failureOf(stranger.chat.completions.create(HELLO));
      expect(wrongKey).toBeInstanceOf(OpenAI.AuthenticationError);
      expect(wrongKey).toMatchObject({ code: "invalid_api_key", requestID: expect.any(String) });
      const noModel = await failureOf(clientOf(owner).chat.completions.create({ ...HELLO, model: "gpt-4o" }));
      expect(noModel).toBeInstanceOf(OpenAI.NotFoundError);
      expect(noModel).toMatchObject({ code: "model_not_found", param: "model" });
      const image = { type: "image_url" as const, image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } };
      const messages = [{ role: "user" as const, content: [image] }];
      const pictured = await failureOf(clientOf(owner).chat.completions.create({ ...HELLO, messages }));
      expect(pictured).toBeInstanceOf(OpenAI.BadRequestError);
      expect(pictured).toMatchObject({ code: "unsupported_content", param: "messages[0].content[0].type" });
    });

    test("have OpenAI's shape whoever refuses: no token, scope, address, method, size, JSON, origin", async () => {
      await using gateway = await GatewayProcess.start(command, { config: `[v1]\nmax_body = 70000\n${UNLIMITED}` });
      const owner = await gateway.owner();
      const code = (await owner.post("/api/paircodes", { scope: "ingest" })).field("code");
      const sensor = gateway.client(await gateway.pair(code));
      const path = "/v1/chat/completions";
      expect(shown(await gateway.client().post(path, HELLO))).toEqual(refusal(401, "invalid_api_key", "unauthorized"));
      expect(shown(await sensor.post(path, HELLO))).toEqual(refusal(403, "forbidden_scope"));
      expect(shown(await owner.get("/v1/engines"))).toEqual(refusal(404, "not_found"));
      const method = await owner.get(path);
      expect(shown(method)).toEqual(refusal(405, "method_not_allowed"));
      expect(method.headers.get("allow")).toBe("POST, OPTIONS");
      expect(shown(await owner.post(path, "x".repeat(70_001)))).toEqual(refusal(413, "too_large"));
      expect(shown(await owner.post(path, "{"))).toEqual(refusal(400, "bad_json"));
      const foreign = { Origin: "https://evil.example" };
      expect(shown(await owner.post(path, HELLO, foreign))).toEqual(refusal(403, "forbidden_origin"));
    });

    test("a rate limit is one to OpenAI's client, which is told when to come back", async () => {
      const config = "[gateway.rate_limit]\nmax_requests_per_window = 1\nwindow_seconds = 3600\n";
      await using gateway = await GatewayProcess.start(command, { config });
      const { chat } = clientOf(await gateway.owner());
      await chat.completions.create(HELLO);
      const limited = await failureOf(chat.completions.create(HELLO));
      expect(limited).toBeInstanceOf(OpenAI.RateLimitError);
      expect(limited).toMatchObject({ code: "rate_limit_exceeded", type: "requests" });
      expect(limited instanceof OpenAI.RateLimitError && limited.headers.get("retry-after")).toMatch(/^3[56]\d\d$/);
    });
  });
}

function sessions(command: readonly string[]): void {
  describe("X-Zeroclaw-Session", () => {
    test("puts what is asked into a session of the gateway's, its last message alone", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const client = clientOf(owner, { "X-Zeroclaw-Session": "desk" });
      const messages = [
        { role: "user" as const, content: "Before" },
        { role: "assistant" as const, content: "Yes" },
        ...HELLO.messages,
      ];
      const { choices } = await client.chat.completions.create({ ...HELLO, messages });
      let streamed = "";
      for await (const chunk of await client.chat.completions.create({ ...HELLO, stream: true })) {
        streamed += chunk.choices[0]?.delta.content ?? "";
      }
      const rows = (await owner.get("/api/sessions/desk")).rows("messages");
      expect(rows.map(({ role, content }) => [role, content])).toEqual([
        ["user", "Who are you?"],
        ["assistant", choices[0]?.message.content],
        ["user", "Who are you?"],
        ["assistant", streamed],
      ]);
    });
  });
}
