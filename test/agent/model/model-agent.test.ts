import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { answer, callTool, cutAfter, ending, gate, ModelServer } from "../../fakes/model-server.ts";
import { agentAt, eventsOf, failureOf, KEY, textOf, toolsOf, turnOf } from "./support/ask.ts";

let server: ModelServer;
beforeEach(async () => {
  server = await ModelServer.start();
});
afterEach(() => server.stop());

const anthropic = { provider: "anthropic" } as const;

describe.each([
  ["openai", {}],
  ["anthropic", anthropic],
] as const)("a model on the wire of %s", (wire, about) => {
  const open = (more = {}) => agentAt(server.url, { ...about, ...more });

  test("says the text as it comes, then what it cost", async () => {
    server.next(answer("Good ", "morning", "."));
    const events = await eventsOf(open().agent, turnOf("Hello"));
    expect(events).toEqual([
      { type: "delta", content: "Good " },
      { type: "delta", content: "morning" },
      { type: "delta", content: "." },
      { type: "done", usage: { input_tokens: 12, output_tokens: 5 } },
    ]);
  });

  test("is asked with the key in the header and the system prompt before the conversation", async () => {
    const history = async () => [
      { role: "user", content: "One", at: 1 } as const,
      { role: "assistant", content: "Two", at: 2 } as const,
    ];
    await eventsOf(open({ system_prompt: "You are Zed." }).agent, turnOf("Three", { history }));
    const { headers, body } = server.asked[0]!;
    expect(wire === "openai" ? headers["authorization"] : headers["x-api-key"]).toBe(
      wire === "openai" ? `Bearer ${KEY}` : KEY,
    );
    expect(JSON.stringify(body)).toContain("You are Zed.");
    const messages = body.messages.filter(({ role }: { role: string }) => role !== "system");
    expect(messages.map(({ role }: { role: string }) => role)).toEqual(["user", "assistant", "user"]);
    expect(JSON.stringify(messages)).toMatch(/One.*Two.*Three/);
  });

  test("says a delta before the answer is whole", async () => {
    const more = gate();
    server.next({ parts: [{ say: "first" }, more.part, { say: " second" }, ending("stop")] });
    const events = open().agent.run(turnOf("Hello"), new AbortController().signal)[Symbol.asyncIterator]();
    expect((await events.next()).value).toEqual({ type: "delta", content: "first" });
    more.open();
    expect((await events.next()).value).toEqual({ type: "delta", content: " second" });
    await events.return?.();
  });

  test("shows what it thinks as thoughts, not as the answer", async () => {
    server.next({ parts: [{ think: "Hm. " }, { think: "Yes." }, { say: "Yes" }, ending("stop")] });
    const events = await eventsOf(open().agent, turnOf("Hello"));
    expect(events.filter(({ type }) => type === "thought")).toEqual([
      { type: "thought", content: "Hm. " },
      { type: "thought", content: "Yes." },
    ]);
    expect(textOf(events)).toBe("Yes");
  });

  test("uses a tool whose input came in fragments, and answers with what it found", async () => {
    server.next(callTool("look", { for: "cats" }), answer("Two cats."));
    const inputs: unknown[] = [];
    const tools = toolsOf((input) => {
      inputs.push(input);
      return { text: "2 cats", failed: false };
    });
    const events = await eventsOf(open().agent, turnOf("How many?", { tools: async () => tools }));
    expect(inputs).toEqual([{ for: "cats" }]);
    expect(events).toEqual([
      { type: "tool", call_id: "call_1", name: "look", state: "running", input: { for: "cats" } },
      { type: "tool", call_id: "call_1", name: "look", state: "done", output: "2 cats" },
      { type: "delta", content: "Two cats." },
      { type: "done", usage: { input_tokens: 24, output_tokens: 10 } },
    ]);
    expect(JSON.stringify(server.asked[1]!.body.messages.at(-1))).toContain("2 cats");
    expect(server.asked[0]!.text).toContain("Looks something up.");
  });

  test("fails when the connection breaks off in the middle", async () => {
    server.next(cutAfter("Half an ", "answer"));
    const failure = await failureOf(open().agent);
    expect(failure.message).toContain(`${server.url} broke off in the middle`);
    expect(failure.permanent).toBe(false);
  });

  test("fails when the stream ends without an end", async () => {
    server.next({ parts: [{ say: "Half" }] });
    expect((await failureOf(open().agent)).message).toContain("broke off in the middle: the server ended it");
  });

  test("fails when the stream ends with its mark but without a reason", async () => {
    server.next({ parts: [{ say: "Half" }, { over: true }] });
    expect((await failureOf(open().agent)).message).toContain("broke off in the middle");
  });

  test("fails when the stream ends before it began", async () => {
    server.next({ parts: [] });
    expect((await failureOf(open().agent)).message).toContain("broke off");
  });

  test("fails with what the server says is wrong in the middle of its answer", async () => {
    server.next({ parts: [{ say: "Well" }, { failure: "The GPU is\u001b[31m on fire" }] });
    const failure = await failureOf(open().agent);
    expect(failure.message).toContain('It said: "The GPU is[31m on fire"');
  });

  test("is unavailable when it says in the middle of its answer that it is overloaded", async () => {
    server.next({ parts: [{ failure: "Overloaded" }] });
    expect((await failureOf(open().agent)).code).toBe("agent_unavailable");
  });

  test("takes an empty answer for a failure", async () => {
    server.next({ parts: [ending("stop")] });
    expect((await failureOf(open().agent)).message).toContain("gave an empty answer");
    server.next(answer(" \n "));
    expect((await failureOf(open().agent)).message).toContain("gave an empty answer");
  });

  test("keeps an answer that was cut off at its longest, and logs it", async () => {
    server.next({ parts: [{ say: "As far as it goes" }, ending("length")] });
    const { agent, lines } = open();
    const events = await eventsOf(agent, turnOf("Hello"));
    expect(textOf(events)).toBe("As far as it goes");
    expect(lines.join("")).toContain("agent.max_output_tokens");
    expect(events.at(-1)).toMatchObject({ type: "done", cut: true });
  });

  test("fails when all its room went into thoughts", async () => {
    server.next({ parts: [{ think: "Hm" }, ending("length")] });
    expect((await failureOf(open().agent)).message).toContain("Raise agent.max_output_tokens");
  });

  test("fails for good when the provider filters the answer", async () => {
    server.next({ parts: [{ say: "I" }, ending("filter")] });
    const failure = await failureOf(open().agent);
    expect([failure.permanent, failure.message.includes("content filter")]).toEqual([true, true]);
  });

  test("lets the server see that the asker is gone", async () => {
    server.next({ parts: [{ say: "one" }, gate().part] });
    const abort = new AbortController();
    const events = open().agent.run(turnOf("Hello"), abort.signal)[Symbol.asyncIterator]();
    await events.next();
    const waiting = events.next();
    abort.abort(new Error("no more"));
    await expect(waiting).rejects.toThrow("no more");
    await server.asked[0]!.over;
    expect(server.asked[0]!.disconnected).toBe(true);
  });

  test("lets the server see that the reader left the loop", async () => {
    server.next({ parts: [{ forever: "and on " }] });
    for await (const event of open().agent.run(turnOf("Hello"), new AbortController().signal)) {
      if (event.type === "delta") break;
    }
    await server.asked[0]!.over;
    expect(server.asked[0]!.disconnected).toBe(true);
  });

  test("lets the server see that the gateway stops", async () => {
    server.next({ parts: [{ say: "one" }, gate().part] });
    const { agent } = open();
    const failing = failureOf(agent);
    await server.arrived();
    await agent.stop();
    expect((await failing).message).toBe("The gateway is stopping.");
    await server.asked[0]!.over;
  });

  test("writes nothing to the console, whatever happens", async () => {
    const spies = (["log", "warn", "error", "info", "debug"] as const).map((name) => spyOn(console, name));
    server.next(cutAfter("x"), { parts: [{ raw: "data: {not json\n\n" }] }, { parts: [{ failure: "no" }] });
    const { agent } = open();
    for (let i = 0; i < 3; i += 1) await failureOf(agent);
    for (const spy of spies) {
      expect(spy).not.toHaveBeenCalled();
      spy.mockRestore();
    }
  });

  test("answers a hundred turns at once, each its own", async () => {
    const { agent } = open();
    const turns = Array.from({ length: 100 }, (_, i) => eventsOf(agent, turnOf(`This is number ${i} of many`)));
    const said = (await Promise.all(turns)).map(textOf);
    expect(said).toEqual(Array.from({ length: 100 }, (_, i) => `This is number ${i} of many`));
  });
});

test("Anthropic's API is told a limit, and OpenAI's only when one is set", async () => {
  await eventsOf(agentAt(server.url, anthropic).agent, turnOf("Hello"));
  await eventsOf(agentAt(server.url).agent, turnOf("Hello"));
  await eventsOf(agentAt(server.url, { max_output_tokens: 99 }).agent, turnOf("Hello"));
  await eventsOf(agentAt(server.url, { provider: "openai", max_output_tokens: 99 }).agent, turnOf("Hello"));
  const limits = server.asked.map(({ body }) => [body.max_tokens, body.max_completion_tokens]);
  expect(limits).toEqual([
    [8_192, undefined],
    [undefined, undefined],
    [99, undefined],
    [undefined, 99],
  ]);
});

test("a key in the environment is not used", async () => {
  const before = process.env["ANTHROPIC_API_KEY"];
  process.env["ANTHROPIC_API_KEY"] = "sk-from-the-environment";
  try {
    await eventsOf(agentAt(server.url, { ...anthropic, api_key: undefined }).agent, turnOf("Hello"));
  } finally {
    if (before === undefined) delete process.env["ANTHROPIC_API_KEY"];
    else process.env["ANTHROPIC_API_KEY"] = before;
  }
  expect(server.asked[0]!.headers["x-api-key"]).toBeUndefined();
  expect(server.asked[0]!.headers["authorization"]).toBeUndefined();
});
