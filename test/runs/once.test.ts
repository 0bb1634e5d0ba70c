import { describe, expect, test } from "bun:test";
import { type Agent, AgentError } from "../../src/agent/agent.ts";
import type { Tools } from "../../src/agent/tools/tools.ts";
import { Log } from "../../src/observe/log.ts";
import type { Principal } from "../../src/protocol/principal.ts";
import { Problem } from "../../src/protocol/problem.ts";
import { Once, type OnceEvent, type OnceParts } from "../../src/runs/once.ts";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

const PHONE: Principal = { device_id: "phone", name: "phone", scope: "chat", local: false };
const TIMEOUT_MS = 60_000;

function scene(agent: Agent = new ScriptedAgent(null), more: Partial<OnceParts> = {}) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const ended: [string, number][] = [];
  const troubles: (string | null)[] = [];
  const once = new Once({
    agent,
    clock,
    log: new Log({ clock, write: (line) => void lines.push(line), format: "json", level: "info" }),
    timeoutMs: TIMEOUT_MS,
    toolsFor: async () => null,
    onEnded: (state, ms) => void ended.push([state, ms]),
    onAnswer: (trouble) => void troubles.push(trouble),
    ...more,
  });
  const client = new AbortController();
  const ask = (text = "Hi", principal = PHONE) => {
    const history = ["One", "Two", "Three"].map((content, at) => ({ role: "user" as const, content, at }));
    return once.answer({ principal, text, history, instructions: "Be brief." }, client.signal);
  };
  const nothingLeft = () => expect([once.active, clock.timers]).toEqual([0, 0]);
  return { once, clock, lines, ended, troubles, client, ask, nothingLeft };
}

/** What an answer says, and the code and detail of what ended it, if that was a failure. */
async function heard(answer: AsyncIterable<OnceEvent>) {
  const events: OnceEvent[] = [];
  try {
    for await (const event of answer) events.push(event);
    return { events, failure: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { events, failure: [error.code, error.message] };
  }
}

describe("Once", () => {
  test("gives what the agent says as it comes, and at the end the model and what it used", async () => {
    const agent = new ScriptedAgent((turn) => {
      turn.think("hm");
      turn.tool("c1", "running", { q: 1 });
      turn.say("Hi");
      turn.done({ input_tokens: 3, output_tokens: 2 });
    });
    const { ask, ended, troubles, nothingLeft } = scene(agent);
    expect(await heard(ask())).toEqual({
      events: [
        { type: "thought", content: "hm" },
        { type: "tool", call_id: "c1", name: "look", state: "running", input: { q: 1 } },
        { type: "delta", content: "Hi" },
        { type: "done", usage: { input_tokens: 3, output_tokens: 2 }, model: "scripted-1", cut: false },
      ],
      failure: null,
    });
    expect([ended, troubles]).toEqual([[["done", 0]], [null]]);
    nothingLeft();
  });

  test("asks in the device's name, with the history that came along", async () => {
    const tools: Tools = { specs: [], call: async () => ({ text: "", failed: false }) };
    const askers: unknown[] = [];
    const agent = new ScriptedAgent((turn) => turn.done());
    const { ask } = scene(agent, {
      toolsFor: async (asker) => {
        askers.push(asker);
        return tools;
      },
    });
    await heard(ask());
    const { turn } = agent.last;
    expect(turn).toMatchObject({
      ...{ session_id: "device:phone", device_id: "phone", reach: "chat", origin: "http", attempt: 1 },
      ...{ text: "Hi", instructions: "Be brief.", event: null, goesBack: false, once: true },
    });
    const last = async (limit: number) => (await turn.history(limit)).map(({ content }) => content);
    expect([await last(0), await last(2), await last(9)]).toEqual([[], ["Two", "Three"], ["One", "Two", "Three"]]);
    expect(await turn.tools()).toBe(tools);
    expect(askers).toMatchObject([{ session_id: "device:phone", device_id: "phone", reach: "chat" }]);
  });

  test("refuses what the agent asks permission for: there is nobody to ask", async () => {
    const decisions: string[] = [];
    const agent = new ScriptedAgent(async (turn) => {
      decisions.push(await turn.ask("Delete all?"));
      turn.done();
    });
    const { events } = await heard(scene(agent).ask());
    expect([decisions, events.map(({ type }) => type)]).toEqual([["deny"], ["done"]]);
  });

  test.each([
    ["says so", (turn) => turn.fail(new AgentError("No key.")), ["agent_failed", "No key."]],
    [
      "has no room",
      (turn) => turn.fail(new AgentError("Full.", { code: "agent_unavailable" })),
      ["agent_unavailable", "Full."],
    ],
    [
      "breaks in a way nobody foresaw",
      (turn) => turn.fail(new Error("at /secret")),
      ["agent_failed", "The agent failed. The gateway's log says how."],
    ],
    ["ends in the middle", (turn) => turn.stop(), ["agent_failed", "The agent stopped in the middle of its answer."]],
    [
      "says too much",
      (turn) => {
        for (let i = 0; i < 9; i += 1) turn.say("x".repeat(1024 * 1024));
      },
      ["agent_failed", "The agent's answer is longer than 8 MB."],
    ],
  ] satisfies [string, ScriptedAgent["script"], string[]][])(
    "fails when the agent %s",
    async (_how, script, failure) => {
      const agent = new ScriptedAgent(script);
      const { ask, ended, troubles, nothingLeft } = scene(agent);
      expect((await heard(ask())).failure).toEqual(failure);
      await quiet();
      expect([ended, troubles, agent.last.signal.aborted]).toEqual([[["failed", 0]], [failure[1] ?? ""], true]);
      nothingLeft();
    },
  );

  test("fails when the agent throws instead of beginning, and leaves nothing behind", async () => {
    const agent: Agent = {
      kind: "broken",
      model: "none",
      run: () => {
        throw new AgentError("It cannot begin.");
      },
      stop: async () => undefined,
    };
    const { ask, nothingLeft } = scene(agent);
    expect((await heard(ask())).failure).toEqual(["agent_failed", "It cannot begin."]);
    nothingLeft();
  });

  test("an agent that takes too long is stopped, also one that heeds nothing", async () => {
    const agent = new ScriptedAgent(null);
    const { ask, clock, ended, nothingLeft } = scene(agent);
    const hearing = heard(ask());
    await quiet();
    clock.advance(TIMEOUT_MS - 1);
    await quiet();
    expect(agent.last.signal.aborted).toBe(false);
    clock.advance(1);
    expect((await hearing).failure).toEqual(["agent_timeout", "The agent did not answer within 60 s."]);
    expect([agent.last.signal.aborted, ended]).toEqual([true, [["failed", TIMEOUT_MS]]]);
    nothingLeft();
  });

  test("whoever asked and has gone ends the answer with its own reason, which is no failure of the agent's", async () => {
    const agent = new ScriptedAgent(null);
    const { ask, client, ended, troubles, nothingLeft } = scene(agent);
    const hearing = heard(ask());
    await quiet();
    client.abort(new Problem("cancelled", { detail: "Gone." }));
    expect((await hearing).failure).toEqual(["cancelled", "Gone."]);
    expect([agent.last.signal.aborted, ended, troubles]).toEqual([true, [["cancelled", 0]], []]);
    nothingLeft();
  });

  test("whoever has gone before the agent was asked costs nothing", async () => {
    const agent = new ScriptedAgent(null);
    const { ask, client, ended, nothingLeft } = scene(agent);
    client.abort(new Problem("cancelled"));
    expect((await heard(ask())).failure?.[0]).toBe("cancelled");
    expect([agent.turns, ended]).toEqual([[], []]);
    nothingLeft();
  });

  test("leaving the loop stops the agent", async () => {
    const agent = new ScriptedAgent((turn) => turn.say("Hi"));
    const { ask, ended, nothingLeft } = scene(agent);
    for await (const _event of ask()) break;
    await quiet();
    expect([agent.last.signal.aborted, agent.last.left, ended]).toEqual([true, true, [["cancelled", 0]]]);
    nothingLeft();
  });

  test("a gateway that stops ends what is under way and takes nothing more", async () => {
    const agent = new ScriptedAgent(null);
    const { once, ask, troubles, nothingLeft } = scene(agent);
    const hearing = heard(ask());
    await quiet();
    expect(once.active).toBe(1);
    once.stop();
    expect((await hearing).failure?.[0]).toBe("shutting_down");
    expect((await heard(ask())).failure?.[0]).toBe("shutting_down");
    expect([agent.turns.length, troubles]).toEqual([1, []]);
    nothingLeft();
  });

  test("takes 128 at once; the next is told to come back, and room that gets free is given again", async () => {
    const agent = new ScriptedAgent(null);
    const { once, ask, nothingLeft } = scene(agent);
    const all = Array.from({ length: 128 }, () => heard(ask()));
    await quiet();
    expect(once.active).toBe(128);
    expect((await heard(ask())).failure?.[0]).toBe("agent_unavailable");
    agent.turns[0]?.done();
    await all[0];
    const next = heard(ask());
    await quiet();
    for (const turn of agent.turns) turn.done();
    expect((await next).failure).toBeNull();
    await Promise.all(all);
    nothingLeft();
  });
});
