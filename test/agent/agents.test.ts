import { describe, expect, test } from "bun:test";
import { type AgentConfig, AgentMisconfigured, loadAgent, requireAgent } from "../../src/agent/agents.ts";
import { agentConfig, agentParts } from "../support/agent-parts.ts";
import { FakeDesk } from "./operator/support/desk.ts";
import { textOf, turnOf } from "./operator/support/talk.ts";

const MODEL = { kind: "model", provider: "ollama", model: "llama3" } as const;

describe("requireAgent()", () => {
  const complete: readonly Partial<AgentConfig>[] = [
    { kind: "operator" },
    { kind: "auto" },
    MODEL,
    { kind: "model", base_url: "http://10.0.0.5:9000/v1", model: "local" },
    { kind: "model", provider: "openai", model: "gpt-5", api_key: "sk-1" },
    { kind: "model", provider: "openai", base_url: "http://127.0.0.1:9000/v1", model: "m" },
    { kind: "auto", provider: "ollama", model: "llama3" },
    { kind: "acp", command: ["opencode", "acp"] },
    { kind: "acp", command: ["/opt/my agents/run"] },
    { kind: "acp", command: ["my agent", "--acp"] },
  ];
  test.each(complete)("takes %j", (settings) => {
    expect(() => requireAgent(agentConfig(settings))).not.toThrow();
  });

  const incomplete: readonly [Partial<AgentConfig>, string, string][] = [
    [{ kind: "model" }, "agent.provider", "zeroclaw agent detect"],
    [{ kind: "model", model: "llama3" }, "agent.provider", "zeroclaw agent detect"],
    [{ kind: "model", provider: "olama", model: "llama3" }, "agent.provider", "agent.base_url"],
    [{ kind: "model", provider: "ollama" }, "agent.model", "zeroclaw config set agent.model"],
    [{ kind: "model", provider: "ollama", model: "" }, "agent.model", "zeroclaw config set agent.model"],
    [{ kind: "model", provider: "openai", model: "gpt-5" }, "agent.api_key", "env:OPENAI_API_KEY"],
    [{ kind: "auto", provider: "anthropic", model: "claude" }, "agent.api_key", "env:ANTHROPIC_API_KEY"],
    [{ kind: "acp" }, "agent.command", "zeroclaw agent detect"],
    [{ kind: "acp", command: ["opencode acp"] }, "agent.command", `'["opencode","acp"]'`],
    [{ kind: "acp", command: [] }, "agent.command", "zeroclaw agent detect"],
  ];
  test.each(incomplete)("refuses %j, names %s and says what to do: %s", (settings, key, hint) => {
    let error: unknown;
    try {
      requireAgent(agentConfig(settings));
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof AgentMisconfigured)) throw new Error("It was taken");
    expect(error.complaint.key).toBe(key);
    expect(error.message).toStartWith("Cannot start the agent: ");
    expect(error.message).toContain(hint);
  });
});

describe("loadAgent()", () => {
  const opened: readonly Partial<AgentConfig>[] = [{ kind: "operator" }, MODEL, { kind: "acp", command: ["none"] }];
  test.each(opened)("opens the agent of %j without starting or asking anything", async (settings) => {
    const config = agentConfig(settings);
    const agent = (await loadAgent(config))(config, agentParts());
    expect(agent.kind).toBe(config.kind);
    await agent.stop();
  });

  test("refuses what requireAgent() refuses", () => {
    expect(() => loadAgent(agentConfig({ kind: "model" }))).toThrow(AgentMisconfigured);
  });

  test("gives `/agent` the lines of every kind", async () => {
    const desk = new FakeDesk();
    const config = agentConfig({ kind: "operator" });
    const agent = (await loadAgent(config))(config, { ...agentParts(), desk });
    const said = [];
    for await (const event of agent.run(turnOf(desk, "/agent"), new AbortController().signal)) said.push(event);
    const answer = textOf(said);
    for (const kind of ["auto", "model", "acp"]) expect(answer).toContain(`kind = "${kind}"`);
    expect(answer).toContain("zeroclaw agent detect");
  });
});
