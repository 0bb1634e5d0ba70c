import { describe, expect, test } from "bun:test";
import OpenAI, { APIError } from "openai";
import { AgentError } from "../../../src/agent/agent.ts";
import { Problem } from "../../../src/protocol/problem.ts";
import { dataOf, failureOf, Served } from "./served.ts";

const HELLO = { model: "zeroclaw", messages: [{ role: "user" as const, content: "Hello" }] };

describe("POST /v1/chat/completions", () => {
  test("answers OpenAI's client with the whole answer, the model that gave it and what it used", async () => {
    await using served = new Served();
    served.agent.script = (turn) => {
      turn.think("hm");
      turn.tool("c1", "running");
      turn.say("Hel");
      turn.say("lo");
      turn.done({ input_tokens: 3, output_tokens: 2 });
    };
    const answer = await served.openai().chat.completions.create(HELLO);
    expect(answer).toEqual({
      id: "chatcmpl-request-1",
      object: "chat.completion",
      created: Date.parse("2026-11-22T12:00:00Z") / 1_000,
      model: "scripted-1",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello", reasoning_content: "hm", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ] as unknown as OpenAI.ChatCompletion.Choice[], // `reasoning_content` is not OpenAI's
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
    expect([served.held, served.once.active, served.listeners.size]).toEqual([[0], 0, 0]);
  });

  test("says zero when the agent does not say what it used", async () => {
    await using served = new Served();
    const { usage } = await served.openai().chat.completions.create(HELLO);
    expect(usage).toEqual({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 });
  });

  test("gives the agent the request's messages as history and instructions, and keeps nothing", async () => {
    await using served = new Served();
    await served.openai().chat.completions.create({
      model: "",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "One" },
        { role: "assistant", content: "1" },
        { role: "user", content: [{ type: "text", text: "Two" }] },
      ],
    });
    const { turn } = served.agent.last;
    expect(turn).toMatchObject({ text: "Two", once: true, instructions: "Be brief.", device_id: "owner" });
    expect((await turn.history(10)).map(({ role, content }) => [role, content])).toEqual([
      ["user", "One"],
      ["assistant", "1"],
    ]);
    expect(served.world.store.rows.size).toBe(0);
  });

  test("streams pieces that OpenAI's client puts together again", async () => {
    await using served = new Served();
    served.agent.script = (turn) => {
      turn.think("hm");
      for (const piece of ["Hel", "lo ", "\ud83d", "\ude00"]) turn.say(piece);
      turn.done({ input_tokens: 3, output_tokens: 2 });
    };
    const stream = served.openai().chat.completions.stream({ ...HELLO, stream_options: { include_usage: true } });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe("Hello 😀");
    expect(final.choices[0]?.finish_reason).toBe("stop");
    expect(final.usage).toEqual({ prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 });
    expect(served.held).toEqual([0, 0, "let go"]);
  });

  test("says when an answer was cut off, whole and streamed", async () => {
    await using served = new Served();
    served.agent.script = (turn) => {
      turn.say("As far as it");
      turn.cut();
    };
    const whole = await served.openai().chat.completions.create(HELLO);
    expect(whole.choices[0]?.finish_reason).toBe("length");
    const final = await served.openai().chat.completions.stream(HELLO).finalChatCompletion();
    expect([final.choices[0]?.message.content, final.choices[0]?.finish_reason]).toEqual(["As far as it", "length"]);
  });

  test("streams the role first, thoughts beside the text, a reason at the end, usage if wanted, then [DONE]", async () => {
    await using served = new Served();
    served.agent.script = (turn) => {
      turn.think("hm");
      turn.say("Hi");
      turn.done();
    };
    for (const include_usage of [false, true]) {
      const response = await served.post("/chat/completions", {
        ...HELLO,
        stream: true,
        stream_options: { include_usage },
      });
      expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
      const data = await dataOf(response);
      expect(data.at(-1)).toBe("[DONE]");
      const chunks = data.slice(0, -1).map((line) => JSON.parse(line));
      expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
        { role: "assistant", content: "" },
        { reasoning_content: "hm" },
        { content: "Hi" },
        {},
        ...(include_usage ? [undefined] : []),
      ]);
      expect(chunks[3].choices[0].finish_reason).toBe("stop");
      expect(chunks.map(({ usage }) => usage)).toEqual(
        include_usage
          ? [null, null, null, null, { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }]
          : [undefined, undefined, undefined, undefined],
      );
      expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    }
  });

  test("an agent that fails before it says anything has the status of its failure, streamed or not", async () => {
    await using served = new Served();
    served.agent.script = (turn) => turn.fail(new AgentError("No model is there.", { code: "agent_unavailable" }));
    for (const stream of [false, true]) {
      const failed = served.openai().chat.completions.create({ ...HELLO, stream });
      const error = await failureOf(failed);
      expect(error).toBeInstanceOf(OpenAI.InternalServerError);
      expect(error).toMatchObject({ status: 503, code: "agent_unavailable", type: "server_error" });
      expect(String(error)).toContain("No model is there.");
    }
    expect([served.once.active, served.listeners.size]).toEqual([0, 0]);
  });

  test("an agent that fails in the middle of a stream makes OpenAI's client fail with the reason", async () => {
    await using served = new Served();
    served.agent.script = (turn) => {
      turn.say("Half");
      turn.fail(new AgentError("The model broke off."));
    };
    const stream = await served.openai().chat.completions.create({ ...HELLO, stream: true });
    const pieces: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content);
    })();
    const error = await failureOf(reading);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ code: "agent_failed", type: "server_error" });
    expect(pieces).toEqual(["", "Half"]);
    expect(served.lines.join("")).toContain("An answer broke off");
  });

  test("holds the headers back for 10 s at most, then says that it is alive until the agent speaks", async () => {
    await using served = new Served();
    served.agent.script = null;
    let answered = false;
    const asked = served.post("/chat/completions", { ...HELLO, stream: true }).then((response) => {
      answered = true;
      return response;
    });
    const turn = await served.turn();
    served.clock.advance(9_999);
    await served.openai().models.list(); // whatever was on its way has come by then
    expect(answered).toBe(false);
    served.clock.advance(1);
    const response = await asked;
    served.clock.advance(10_000);
    turn.say("Late");
    turn.done();
    const text = await response.text();
    expect(text).toMatch(/^: connected\n\ndata: \{.*"role":"assistant".*\n\n: ping\n\ndata: .*Late/);
    expect(text).toEndWith("data: [DONE]\n\n");
  });

  test.each([false, true])("a connection that is lost ends the agent's turn (stream: %p)", async (stream) => {
    await using served = new Served();
    served.agent.script = null;
    const client = new AbortController();
    const asked = served.post("/chat/completions", { ...HELLO, stream }, {}, client.signal).catch(() => null);
    const turn = await served.turn();
    client.abort();
    await asked;
    await served.until("the turn is told", () => turn.signal.aborted);
    await served.until("nothing is left", () => served.once.active === 0 && served.listeners.size === 0);
  });

  test("a client that leaves in the middle of a stream ends the agent's turn", async () => {
    await using served = new Served();
    served.agent.script = null;
    const asked = served.openai().chat.completions.create({ ...HELLO, stream: true });
    const turn = await served.turn();
    turn.say("Hi");
    const stream = await asked;
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content === "Hi") break;
    await served.until("the turn is told", () => turn.signal.aborted);
    await served.until("nothing is left", () => served.once.active === 0 && served.listeners.size === 0);
    expect(served.lines.join("")).toBe("");
  });

  test.each([false, true])("a revoked device gets no more of its answer (stream: %p)", async (stream) => {
    await using served = new Served();
    served.agent.script = null;
    const asked = served.post("/chat/completions", { ...HELLO, stream });
    const turn = await served.turn();
    if (stream) turn.say("Hi");
    await served.until("it is listened to", () => served.listeners.size > 0);
    const response = stream ? await asked : null;
    served.end("another");
    expect(turn.signal.aborted).toBe(false);
    served.end("owner");
    const { status } = response ?? (await asked);
    expect(status).toBe(stream ? 200 : 401);
    if (response) expect((await dataOf(response)).at(-1)).toContain('"code":"invalid_api_key"');
    expect(turn.signal.aborted).toBe(true);
  });

  test.each([false, true])("a gateway that stops says so (stream: %p)", async (stream) => {
    await using served = new Served();
    served.agent.script = null;
    const asked = served.post("/chat/completions", { ...HELLO, stream });
    const turn = await served.turn();
    if (stream) turn.say("Hi");
    const response = stream ? await asked : null;
    served.once.stop();
    served.leaving.abort();
    const answer = response ?? (await asked);
    expect(answer.status).toBe(stream ? 200 : 503);
    expect(await answer.text()).toContain('"code":"shutting_down"');
  });

  test("its refusals are the errors that OpenAI's client knows", async () => {
    await using served = new Served();
    const wrongKey = await failureOf(served.openai({ apiKey: "zc_wrong" }).chat.completions.create(HELLO));
    expect(wrongKey).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(wrongKey).toMatchObject({ code: "invalid_api_key", requestID: "request-1" });
    const noModel = await failureOf(served.openai().chat.completions.create({ ...HELLO, model: "gpt-4o" }));
    expect(noModel).toBeInstanceOf(OpenAI.NotFoundError);
    expect(noModel).toMatchObject({ code: "model_not_found", param: "model" });
    expect(String(noModel)).toContain('"zeroclaw" or "zeroclaw:scripted"');
    const image = { type: "image_url" as const, image_url: { url: "https://example.com/x.png" } };
    const pictured = await failureOf(
      served.openai().chat.completions.create({ ...HELLO, messages: [{ role: "user", content: [image] }] }),
    );
    expect(pictured).toBeInstanceOf(OpenAI.BadRequestError);
    expect(pictured).toMatchObject({ code: "unsupported_content", param: "messages[0].content[0].type" });
  });

  test("OpenAI's client asks again after a rate limit, and not after a failure that the agent has tried again itself", async () => {
    await using served = new Served();
    const problems = [new Problem("rate_limited", { retryAfter: 0 }), null];
    served.instead = () => problems.shift() ?? null;
    const client = served.openai({ maxRetries: 2 });
    await client.chat.completions.create(HELLO);
    expect(served.requests).toBe(2);
    served.instead = null;
    served.agent.script = (turn) => turn.fail(new AgentError("It is wrong.", { permanent: true }));
    await client.chat.completions.create(HELLO).catch(() => undefined);
    expect(served.requests).toBe(3);
  });

  test("a body that is no JSON, or no object, is refused in OpenAI's shape", async () => {
    await using served = new Served();
    for (const [body, code] of [
      ["{", "bad_json"],
      ["[]", "bad_field"],
      ["null", "bad_field"],
    ] as const) {
      const response = await served.post("/chat/completions", body);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        error: {
          message: expect.any(String),
          type: "invalid_request_error",
          param: null,
          code,
          zeroclaw_code: code,
        },
      });
    }
  });
});
