import { afterEach, beforeEach, expect, test } from "bun:test";
import type { AgentEvent } from "../../../src/agent/agent.ts";
import { answer, callTool, ending, ModelServer, refuse } from "../../fakes/model-server.ts";
import { agentAt, eventsOf, failureOf, textOf, toolsOf, turnOf } from "./support/ask.ts";

let server: ModelServer;
beforeEach(async () => {
  server = await ModelServer.start();
});
afterEach(() => server.stop());

const found = () => ({ text: "found", failed: false });
const turnWith = (call: Parameters<typeof toolsOf>[0]) => turnOf("Look", { tools: async () => toolsOf(call) });
const toolsIn = (events: readonly AgentEvent[]) => events.filter((event) => event.type === "tool");

test("a tool that fails gives its text to the model, and the frame says that it failed", async () => {
  server.next(callTool("look", {}), answer("I could not."));
  const events = await eventsOf(
    agentAt(server.url).agent,
    turnWith(() => ({ text: "no such thing", failed: true })),
  );
  expect(toolsIn(events)[1]).toEqual({
    type: "tool",
    call_id: "call_1",
    name: "look",
    state: "failed",
    output: "no such thing",
  });
  expect(JSON.stringify(server.asked[1]!.body.messages.at(-1))).toContain("no such thing");
  expect(textOf(events)).toBe("I could not.");
});

test("a tool that throws ends no answer; why stays in the log", async () => {
  server.next(callTool("look", {}), answer("I could not."));
  const { agent, lines } = agentAt(server.url);
  const events = await eventsOf(
    agent,
    turnWith(() => Promise.reject(new Error("disk full at /var"))),
  );
  expect(toolsIn(events)[1]).toMatchObject({
    state: "failed",
    output: '"look" cannot be used now. Say so, and do without it.',
  });
  expect(server.asked[1]!.text).not.toContain("/var");
  expect(lines.join("")).toContain("disk full");
});

test("a tool that does not exist, and an input that is no JSON, are told to the model", async () => {
  const broken = { parts: [{ call: "look", id: "call_2", fragments: ["{not", " json"] }, ending("tool")] };
  server.next(callTool("rm", { all: true }), broken, answer("Sorry."));
  const events = await eventsOf(agentAt(server.url).agent, turnWith(found));
  expect(toolsIn(events).map(({ name, state }) => `${name} ${state}`)).toEqual([
    "rm running",
    "rm failed",
    "look running",
    "look failed",
  ]);
  expect(textOf(events)).toBe("Sorry.");
});

test("what is said before a tool and after it are two paragraphs", async () => {
  const first = callTool("look", {});
  server.next({ parts: [{ say: "Let me see." }, ...("parts" in first ? first.parts : [])] }, answer("Two", " cats."));
  expect(textOf(await eventsOf(agentAt(server.url).agent, turnWith(found)))).toBe("Let me see.\n\nTwo cats.");
});

test("a frame shows at most 4 KB of an input and of an output", async () => {
  server.next(callTool("look", { for: "ä".repeat(5_000) }), answer("Ok"));
  const events = await eventsOf(
    agentAt(server.url).agent,
    turnWith(() => ({ text: "€".repeat(10_000), failed: false })),
  );
  const [running, done] = toolsIn(events);
  for (const shown of [running?.input, done?.output]) {
    expect(String(shown)).toEndWith("…");
    expect(Buffer.byteLength(String(shown))).toBeWithin(4_000, 4_097);
    expect(String(shown)).not.toContain("\ufffd");
  }
  expect(server.asked[1]!.text).toContain("€".repeat(10_000));
});

test("a model that always wants a tool is asked 12 times, the last time without", async () => {
  server.fallback = callTool("look", {});
  let used = 0;
  const failure = await failureOf(
    agentAt(server.url).agent,
    turnWith(() => ({ text: String(++used), failed: false })),
  );
  expect(failure.message).toContain("asked for tools 12 times in a row and gave no answer");
  expect([server.asked.length, used]).toEqual([12, 11]);
  expect(server.asked.map(({ body }) => body.tool_choice)).toEqual([...Array(11).fill("auto"), "none"]);
});

test("a step that wants a thousand tools gets 64 answers from the gateway", async () => {
  const calls = Array.from({ length: 1_000 }, (_, i) => ({ call: "look", id: `call_${i}`, fragments: ["{}"] }));
  server.next({ parts: [...calls, ending("tool")] }, answer("Enough."));
  let used = 0;
  const events = await eventsOf(
    agentAt(server.url).agent,
    turnWith(() => ({ text: String(++used), failed: false })),
  );
  expect(used).toBe(64);
  expect(textOf(events)).toBe("Enough.");
});

test("a tool is used also when the server ends the call with a plain stop", async () => {
  const call = { call: "look", id: "call_1", fragments: ["{}"] };
  server.next({ parts: [call, ending("stop")] }, answer("Found."));
  expect(textOf(await eventsOf(agentAt(server.url).agent, turnWith(found)))).toBe("Found.");
});

test.each([
  [400, "registry.ollama.ai/library/tiny does not support tools"],
  [404, "No endpoints found that support tool use"],
  [500, "tools param requires --jinja flag"],
])(
  "a server that answers %p to tools is asked without, from then on, and the log says so once",
  async (status, said) => {
    server.next(refuse(status, said));
    const { agent, lines } = agentAt(server.url);
    for (let i = 0; i < 3; i += 1) expect(textOf(await eventsOf(agent, turnWith(found)))).toBe("Look");
    expect(server.asked.map(({ body }) => body.tools !== undefined)).toEqual([true, false, false, false]);
    expect(lines.filter((line) => line.includes("takes no tools"))).toHaveLength(1);
  },
);

test("a server that refuses without tools, too, is believed, and tools are offered the next time", async () => {
  server.next(refuse(400, "bad tools"), refuse(400, "bad everything"));
  const { agent } = agentAt(server.url);
  expect((await failureOf(agent, turnWith(found))).message).toContain("bad everything");
  await eventsOf(agent, turnWith(found));
  expect(server.asked.map(({ body }) => body.tools !== undefined)).toEqual([true, false, true]);
});

test("a turn without tools offers none", async () => {
  await eventsOf(agentAt(server.url).agent, turnOf("Hello", { tools: async () => ({ ...toolsOf(found), specs: [] }) }));
  expect(server.asked[0]!.body.tools).toBeUndefined();
});
