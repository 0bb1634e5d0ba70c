import { expect, test } from "bun:test";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "../../src/agent/detect/check.ts";
import { examineAgent } from "../../src/cli/agent-doctor.ts";
import { parseArguments } from "../../src/cli/args.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { localScene, MemoryOutput, surroundings } from "../support/cli.ts";

const scene = localScene();

const CHECKS: readonly Check[] = [
  { name: "settings", state: "ok", detail: "complete" },
  { name: "key", state: "unknown", detail: "not checked" },
  { name: "model", state: "failed", detail: "none of that name\u001b[2J", hint: "Choose one.\nOr another." },
];

async function doctor(checks: readonly Check[], ...args: readonly string[]) {
  const [out, err] = [new MemoryOutput(), new MemoryOutput()];
  const command = COMMANDS.find(({ path }) => path.join(" ") === "agent doctor");
  if (command === undefined) throw new Error("There is no such command");
  const context = { ...surroundings({ dir: scene.dir }, out, err), args: parseArguments(command, args) };
  const code = await examineAgent(context, async () => checks);
  return { code, stdout: out.text, stderr: err.text };
}

test("`agent doctor` shows each check on a line, and under it what to do", async () => {
  expect(await doctor(CHECKS)).toEqual({
    code: 1,
    stdout: `ok      settings  complete
?       key       not checked
failed  model     none of that name\\u001b[2J
                  Choose one.
                  Or another.
`,
    stderr: "",
  });
});

test("`agent doctor` ends with 0 when nothing failed, with --json too", async () => {
  const checks = CHECKS.slice(0, 2);
  expect((await doctor(checks)).code).toBe(0);
  const { code, stdout } = await doctor(checks, "--json");
  expect([code, JSON.parse(stdout)]).toEqual([0, { ok: true, checks }]);
});

test("`agent doctor --json` ends with 1 when a check failed", async () => {
  const { code, stdout } = await doctor(CHECKS, "--json");
  expect([code, JSON.parse(stdout).ok]).toEqual([1, false]);
});

test("`agent doctor` finds a configuration that cannot be read", async () => {
  await writeFile(join(scene.dir, "config.toml"), "[agent]\nkind = 1\n", { mode: 0o600 });
  const { code, stdout } = await scene.zeroclaw("agent doctor");
  expect(code).toBe(1);
  expect(stdout).toStartWith("failed  settings  Cannot read the configuration: ");
});

test("`agent doctor` has nothing against the operator, and changes nothing", async () => {
  expect(await scene.zeroclaw("agent doctor")).toEqual({
    code: 0,
    stdout: 'ok      settings  agent.kind is "operator", and nothing that it needs is missing\n',
    stderr: "",
  });
  expect(await readdir(scene.dir)).toEqual([]);
});

test("`agent doctor` asks the configured server itself", async () => {
  const list = { object: "list", data: [{ id: "qwen3", object: "model" }] };
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json(list) });
  try {
    const base_url = `http://127.0.0.1:${server.port}/v1`;
    await writeFile(
      join(scene.dir, "config.toml"),
      `[agent]\nkind = "model"\nbase_url = "${base_url}"\nmodel = "qwen3"\n`,
      { mode: 0o600 },
    );
    const { code, stdout } = await scene.zeroclaw("agent doctor");
    expect(code).toBe(0);
    expect(stdout).toContain(`ok      server    ${base_url} answers\nok      model     the server has "qwen3"\n`);
  } finally {
    await server.stop(true);
  }
});
