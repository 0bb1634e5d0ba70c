import { describe, expect, test } from "bun:test";
import { AgentUnavailable, openAgent } from "../../src/agent/agents.ts";
import type { Config } from "../../src/config/settings.ts";
import { FakeDesk } from "./operator/support/desk.ts";
import { textOf, turnOf } from "./operator/support/talk.ts";

function configOf(kind: Config["agent"]["kind"]): Config["agent"] {
  return {
    kind,
    provider: undefined,
    base_url: undefined,
    model: undefined,
    api_key: undefined,
    system_prompt: undefined,
    command: undefined,
    cwd: undefined,
    max_concurrent: 4,
    timeout_seconds: 600,
  };
}

const parts = () => ({ desk: new FakeDesk(), summarize: () => "a summary" });

describe("openAgent()", () => {
  test('opens the operator for kind = "operator"', async () => {
    const agent = openAgent(configOf("operator"), parts());
    expect([agent.kind, agent.model]).toEqual(["operator", "operator"]);
    await agent.stop();
  });

  test.each(["auto", "model", "acp"] as const)("refuses kind = %p and says what to set instead", (kind) => {
    const open = () => openAgent(configOf(kind), parts());
    expect(open).toThrow(AgentUnavailable);
    expect(open).toThrow(`agent.kind is "${kind}"`);
    expect(open).toThrow("zeroclaw config set agent.kind operator");
  });

  test("gives `/agent` the lines of every kind", async () => {
    const { desk, summarize } = parts();
    const said = [];
    const agent = openAgent(configOf("operator"), { desk, summarize });
    for await (const event of agent.run(turnOf(desk, "/agent"), new AbortController().signal)) said.push(event);
    const answer = textOf(said);
    for (const kind of ["auto", "model", "acp"]) expect(answer).toContain(`kind = "${kind}"`);
    expect(answer).toContain("does not start with them");
  });
});
