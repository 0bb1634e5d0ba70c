import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Detection } from "../../src/agent/detect/detect.ts";
import { detectAgents } from "../../src/cli/agent-detect.ts";
import { parseArguments } from "../../src/cli/args.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { localScene, MemoryOutput, surroundings } from "../support/cli.ts";

const scene = localScene();

const NOTHING: Detection = { servers: [], locked: [], programs: [], keys: [], openai_base_url: false };
const ALL: Detection = {
  servers: [
    {
      provider: "ollama",
      base_url: "http://127.0.0.1:11434/v1",
      version: "0.12.3",
      models: ["llama3.2:latest", "nomic-embed-text"],
      chat_model: "llama3.2:latest",
    },
  ],
  locked: [{ provider: "jan", base_url: "http://127.0.0.1:1337/v1" }],
  programs: [{ title: "OpenCode", path: "/usr/bin/opencode", command: ["opencode", "acp"] }],
  keys: [{ name: "OPENAI_API_KEY", provider: "openai" }],
  openai_base_url: true,
};

async function agentDetect(found: Detection, args: readonly string[] = [], env: Record<string, string> = {}) {
  const [out, err] = [new MemoryOutput(), new MemoryOutput()];
  const command = COMMANDS.find(({ path }) => path.join(" ") === "agent detect");
  if (command === undefined) throw new Error("There is no such command");
  const ports: number[] = [];
  const context = { ...surroundings({ dir: scene.dir, env }, out, err), args: parseArguments(command, args) };
  const code = await detectAgents(context, async (_context, ownPort) => {
    ports.push(ownPort);
    return found;
  });
  return { code, stdout: out.text, stderr: err.text, ports };
}

const config = (text: string) => writeFile(join(scene.dir, "config.toml"), text, { mode: 0o600 });

test("`agent detect` shows what was found and the lines that enable each", async () => {
  const { code, stdout, stderr } = await agentDetect(ALL);
  expect(code).toBe(0);
  expect(stdout).toBe(`agent  operator
file   ${scene.dir}/config.toml

Model servers on this machine
  ollama 0.12.3, http://127.0.0.1:11434/v1
  models: llama3.2:latest, nomic-embed-text
      zeroclaw config set agent.provider ollama
      zeroclaw config set agent.model llama3.2:latest
      zeroclaw config set agent.kind model
    or in config.toml:
      [agent]
      kind = "model"
      provider = "ollama"
      model = "llama3.2:latest"
  http://127.0.0.1:1337/v1: something that asks for a key, where jan usually is

Agents that speak ACP, in PATH
  OpenCode, /usr/bin/opencode
      zeroclaw config set agent.command '["opencode","acp"]'
      zeroclaw config set agent.kind acp
    or in config.toml:
      [agent]
      kind = "acp"
      command = ["opencode", "acp"]

Keys in the environment
  OPENAI_API_KEY, for openai
      zeroclaw config set agent.provider openai
      zeroclaw config set agent.model '<model>'
      zeroclaw config set agent.api_key env:OPENAI_API_KEY
      zeroclaw config set agent.kind model
    or in config.toml:
      [agent]
      kind = "model"
      provider = "openai"
      model = "<model>"
      api_key = "env:OPENAI_API_KEY"
  OPENAI_BASE_URL is set: if the key is for that server,
    zeroclaw config set agent.base_url "$OPENAI_BASE_URL"
`);
  expect(stderr).toContain("must be restarted");
});

test("`agent detect` says where it looked when there is nothing, and what there could be", async () => {
  const { code, stdout } = await agentDetect(NOTHING);
  expect(code).toBe(0);
  expect(stdout).toBe(`agent  operator
file   ${scene.dir}/config.toml

Model servers on this machine
  none at ollama (11434), lmstudio (1234), llamacpp (8080), vllm (8000), jan (1337)

Agents that speak ACP, in PATH
  none; for example:
    OpenCode: npm install -g opencode-ai
    Claude Code: npm install -g @agentclientprotocol/claude-agent-acp
    Codex: npm install -g @agentclientprotocol/codex-acp
    Gemini CLI: npm install -g @google/gemini-cli

Keys in the environment
  none of a provider that is known here
`);
});

test("`agent detect` says what is configured, and what that lacks", async () => {
  await config('[agent]\nkind = "model"\nprovider = "ollama"\n');
  const { code, stdout } = await agentDetect(NOTHING);
  expect(code).toBe(0);
  expect(stdout).toStartWith("agent  model (ollama) (incomplete)\n");
  expect(stdout).toContain("lacks  Cannot start the agent: ");
});

test("`agent detect` takes settings of another server out of the file, and of nothing else", async () => {
  await config('[agent]\nkind = "model"\nbase_url = "http://10.0.0.5/v1"\nmodel = "m"\n');
  const { stdout } = await agentDetect(ALL, [], { ZEROCLAW_AGENT__API_KEY: "sk-1" });
  expect(stdout).toContain("zeroclaw config unset agent.base_url\n");
  expect(stdout).not.toContain("unset agent.api_key");
});

test("`agent detect` shows what is there although the configuration cannot be read", async () => {
  await config("[agent]\nkind = 1\n");
  const { code, stdout, stderr } = await agentDetect(ALL);
  expect(code).toBe(0);
  expect(stdout).toContain("zeroclaw config set agent.provider ollama");
  expect(stderr).toContain("Cannot read the configuration");
});

test("`agent detect` shows twenty models of a server and counts the rest", async () => {
  const models = Array.from({ length: 25 }, (_, i) => `m${i}`);
  const found = { ...ALL, servers: ALL.servers.map((server) => ({ ...server, models })) };
  expect((await agentDetect(found)).stdout).toContain("m18, m19 and 5 more\n");
  const { servers } = JSON.parse((await agentDetect(found, ["--json"])).stdout);
  expect([servers[0].models.length, servers[0].model_count]).toEqual([20, 25]);
});

test("`agent detect --json` has the same, with both ways to enable each", async () => {
  await config('[agent]\nkind = "acp"\ncommand = ["goose", "acp"]\n');
  const { code, stdout, stderr } = await agentDetect(ALL, ["--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({
    file: join(scene.dir, "config.toml"),
    configured: { kind: "acp", provider: null, model: null, command: ["goose", "acp"], problem: null },
    servers: [{ provider: "ollama", model_count: 2, enable: { toml: expect.stringContaining("[agent]") } }],
    locked: ALL.locked,
    programs: [{ path: "/usr/bin/opencode", enable: { commands: expect.arrayContaining([expect.any(String)]) } }],
    keys: [{ name: "OPENAI_API_KEY", provider: "openai" }],
    openai_base_url: true,
  });
});

test("`agent detect` leaves the port of the running gateway alone", async () => {
  const note = { pid: process.pid, host: "127.0.0.1", port: 8080, started_at: "", version: "" };
  await writeFile(join(scene.dir, "gateway.json"), JSON.stringify(note));
  expect((await agentDetect(NOTHING)).ports).toEqual([8080]);
});
