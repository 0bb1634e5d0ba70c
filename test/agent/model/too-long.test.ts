import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { AgentTurn } from "../../../src/agent/agent.ts";
import { answer, ModelServer, refuse, type Script } from "../../fakes/model-server.ts";
import { agentAt, asIfRemote, eventsOf, failureOf, textOf, turnOf } from "./support/ask.ts";

let server: ModelServer;
beforeEach(async () => {
  server = await ModelServer.start();
});
afterEach(() => server.stop());

const tooLong = refuse(400, "This model's maximum context length is 2048 tokens");

/** A conversation of `count` messages of 104 tokens each. */
function conversation(count: number): Pick<AgentTurn, "history"> {
  const role = (i: number) => (i % 2 === 0 ? "user" : "assistant");
  const all = Array.from(
    { length: count },
    (_, i) => ({ role: role(i), content: `${i} `.padEnd(400, "x"), at: 0 }) as const,
  );
  return { history: async (limit) => all.slice(-limit) };
}

/** How many messages of the conversation each request had. */
const sent = () =>
  server.asked.map(({ body }) => body.messages.filter(({ role }: { role: string }) => role !== "system").length);
const newest = () => server.asked.map(({ body }) => body.messages.at(-1).content);

describe.each([
  ["a refusal", tooLong],
  ["a 413", refuse(413, "no")],
  ["a 500", refuse(500, "the request exceeds the available context size")],
  ["an error in the stream", { parts: [{ failure: "the model is loaded with a context length of only 2048 tokens" }] }],
] as readonly (readonly [string, Script])[])("a conversation that is too long, by %s", (_, script) => {
  test("is sent again with half of it, and then answered", async () => {
    server.next(script, script, answer("Yes."));
    const { agent } = agentAt(server.url);
    expect(textOf(await eventsOf(agent, turnOf("And now?", conversation(40))))).toBe("Yes.");
    expect(sent()).toEqual([41, 19, 9]);
    expect(newest()).toEqual(["And now?", "And now?", "And now?"]);
  });

  test("fails for good after three times", async () => {
    server.fallback = script;
    const failure = await failureOf(agentAt(server.url).agent, turnOf("And now?", conversation(40)));
    expect([failure.permanent, failure.message.includes("Lower agent.context_tokens")]).toEqual([true, true]);
    expect(server.asked).toHaveLength(4);
  });
});

test("what a server could read is remembered until the restart, and logged once", async () => {
  const { agent, lines } = agentAt(server.url);
  const turn = turnOf("And now?", conversation(40));
  server.next(tooLong, answer("Yes."), answer("Yes."), tooLong, answer("Yes."), answer("Yes."));
  for (let i = 0; i < 4; i += 1) await eventsOf(agent, turn);
  expect(sent()).toEqual([41, 19, 19, 19, 9, 9]);
  const logged = lines.filter((line) => line.includes("agent.context_tokens"));
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain('"conversation_tokens":2083');
});

test("what a stranger's text could make shorter is nobody else's: it is not remembered", async () => {
  const { agent, lines } = agentAt(server.url);
  server.next(tooLong, answer("Yes."), answer("Yes."));
  await eventsOf(agent, turnOf("Hi", { ...conversation(40), reach: "channel", device_id: null }));
  await eventsOf(agent, turnOf("And now?", conversation(40)));
  expect(sent()).toEqual([41, 19, 41]);
  expect(lines.join("")).not.toContain("agent.context_tokens");
});

test("what failed however little was sent is not remembered", async () => {
  const { agent, lines } = agentAt(server.url);
  server.next(tooLong, tooLong, tooLong, tooLong);
  await failureOf(agent, turnOf("And now?", conversation(40)));
  await eventsOf(agent, turnOf("And now?", conversation(40)));
  expect(sent().at(-1)).toBe(41);
  expect(lines.join("")).not.toContain("agent.context_tokens");
});

test("what was just said is cut only when nothing is left before it", async () => {
  server.next(tooLong, tooLong, answer("Yes."));
  const text = `A${"b".repeat(8_000)}C`; // more than half of all
  await eventsOf(agentAt(server.url).agent, turnOf(text, conversation(4)));
  expect(sent()).toEqual([5, 1, 1]);
  expect(newest()[1]).toBe(text);
  expect(newest()[2]).toMatch(/^Ab+\n\[… \d+ characters are left out .*\]\nb+C$/);
});

test("a question that cannot be shorter is not asked again", async () => {
  server.next(tooLong);
  expect((await failureOf(agentAt(server.url).agent)).permanent).toBe(true);
  expect(server.asked).toHaveLength(1);
});

test("an answer that had begun is not begun again", async () => {
  server.next({ parts: [{ say: "Well" }, { failure: "context length exceeded" }] });
  await failureOf(agentAt(server.url).agent, turnOf("And now?", conversation(40)));
  expect(server.asked).toHaveLength(1);
});

test("a server elsewhere that failed for the length is not asked the same again", async () => {
  const { url, fetch } = asIfRemote(server.url);
  server.next(refuse(500, "context length exceeded"), answer("Yes."));
  await eventsOf(agentAt(url, {}, { fetch }).agent, turnOf("And now?", conversation(40)));
  expect(sent()).toEqual([41, 19]);
});
