import { expect, test } from "bun:test";
import type { AgentConfig } from "../../../src/agent/agents.ts";
import { checkAgent } from "../../../src/agent/detect/checkup.ts";
import { agentConfig } from "../../support/agent-parts.ts";
import { bareMachine, FakeServer, models, pages } from "./support/machine.ts";

function check(settings: Partial<AgentConfig>, servers: readonly FakeServer[] = []) {
  const machine = bareMachine({ servers: servers.map((server) => server.place()), which: () => "/bin/agent" });
  return checkAgent({ ...machine, dir: "/nonexistent", greet: async () => "it" }, agentConfig(settings));
}

const names = async (...args: Parameters<typeof check>) => (await check(...args)).map(({ name }) => name);

test("checkAgent() tells what the settings lack, and looks no further", async () => {
  expect(await check({ kind: "model", provider: "ollama" })).toEqual([
    {
      name: "settings",
      state: "failed",
      detail: 'agent.kind is "model", but agent.model names no model',
      hint: "Set it to a name that the server knows: zeroclaw config set agent.model <name>",
    },
  ]);
});

test("checkAgent() has nothing to look at for the operator", async () => {
  expect(await names({ kind: "operator" })).toEqual(["settings"]);
});

test("checkAgent() looks at what answers, whether it is named or meant by auto", async () => {
  using server = new FakeServer(pages({ "/v1/models": models("qwen3") }));
  const model = { base_url: server.base_url, model: "qwen3" };
  const acp = { command: ["agent"] };
  for (const kind of ["model", "auto"] as const) {
    expect(await names({ kind, ...model })).toEqual(["settings", "server", "model"]);
  }
  for (const kind of ["acp", "auto"] as const) {
    expect(await names({ kind, ...acp })).toEqual(["settings", "program", "folder", "initialize"]);
  }
});

test("checkAgent() tells whom auto would choose", async () => {
  using encoder = new FakeServer(pages({ "/v1/models": models("nomic-embed") }));
  using server = new FakeServer(pages({ "/v1/models": models("qwen3") }));
  const [, found] = await check({ kind: "auto" }, [encoder, server]);
  expect(found).toEqual({ name: "detection", state: "ok", detail: `vllm at ${server.base_url} with qwen3` });
  const [, none] = await check({ kind: "auto" });
  expect(none?.detail).toBe("no model server with a model was found: the operator answers");
});
