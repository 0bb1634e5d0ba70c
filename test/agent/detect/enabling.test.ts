import { expect, test } from "bun:test";
import fc from "fast-check";
import { enablingKey, enablingProgram, enablingServer } from "../../../src/agent/detect/enabling.ts";

const server = { provider: "ollama", base_url: "http://127.0.0.1:11434/v1", version: "1", chat_model: "llama3.2:1b" };
const none = () => false;

test("enablingServer() sets the kind last", () => {
  expect(enablingServer({ ...server, models: ["llama3.2:1b"] }, none)).toEqual({
    commands: [
      "zeroclaw config set agent.provider ollama",
      "zeroclaw config set agent.model llama3.2:1b",
      "zeroclaw config set agent.kind model",
    ],
    toml: '[agent]\nkind = "model"\nprovider = "ollama"\nmodel = "llama3.2:1b"',
  });
});

test("enablingServer() takes an address and a key out that were meant for another server", () => {
  const { commands } = enablingServer({ ...server, models: [] }, () => true);
  expect(commands.slice(2)).toEqual([
    "zeroclaw config unset agent.base_url",
    "zeroclaw config unset agent.api_key",
    "zeroclaw config set agent.kind model",
  ]);
});

test("enablingProgram() writes the command as a list", () => {
  expect(enablingProgram({ title: "OpenCode", path: "/bin/opencode", command: ["opencode", "acp"] })).toEqual({
    commands: [`zeroclaw config set agent.command '["opencode","acp"]'`, "zeroclaw config set agent.kind acp"],
    toml: '[agent]\nkind = "acp"\ncommand = ["opencode", "acp"]',
  });
});

test("enablingKey() refers to the variable and leaves the model to be named", () => {
  expect(enablingKey({ provider: "openai", name: "OPENAI_API_KEY" }, none).commands).toEqual([
    "zeroclaw config set agent.provider openai",
    "zeroclaw config set agent.model '<model>'",
    "zeroclaw config set agent.api_key env:OPENAI_API_KEY",
    "zeroclaw config set agent.kind model",
  ]);
});

test("a shell and TOML take any model's name as it is", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (name) => {
      const model = name.replaceAll("\0", "");
      const { commands, toml } = enablingServer({ ...server, models: [model], chat_model: model }, none);
      const { agent } = Bun.TOML.parse(toml) as { agent: { model: string } }; // as it was just written
      expect(agent.model).toBe(model);
      const words = Bun.spawnSync(["sh", "-c", `printf '%s\\0' ${commands[1]}`])
        .stdout.toString()
        .split("\0");
      expect(words[4]).toBe(model);
    }),
    { numRuns: 25 },
  );
});
