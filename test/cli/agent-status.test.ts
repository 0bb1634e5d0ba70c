import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localScene } from "../support/cli.ts";

const scene = localScene();

const serve = (agent: object) => scene.serve({ "GET /api/status": { status: "ok", agent } });
const config = (text: string) => writeFile(join(scene.dir, "config.toml"), text, { mode: 0o600 });

test("`agent status` shows who answers", async () => {
  serve({ kind: "operator", model: "operator", trouble: null });
  expect(await scene.zeroclaw("agent status")).toEqual({
    code: 0,
    stdout: "kind         operator\nconfigured   operator\nlast answer  no failure\n",
    stderr: "",
  });
});

test("`agent status` shows the model, and why the last answer failed", async () => {
  await config('[agent]\nkind = "model"\nprovider = "ollama"\nmodel = "llama3.2"\n');
  serve({ kind: "model", model: "llama3.2", trouble: "Cannot reach the model.\u001b[2J" });
  const { stdout, stderr } = await scene.zeroclaw("agent status");
  expect(stdout).toBe(
    "kind         model\nmodel        llama3.2\nconfigured   model (ollama, llama3.2)\n" +
      "last answer  failed: Cannot reach the model.\\u001b[2J\n",
  );
  expect(stderr).toBe("What stands in the way: zeroclaw agent doctor\n");
});

test("`agent status` says that a change waits for a restart", async () => {
  await config('[agent]\nkind = "acp"\ncommand = ["opencode", "acp"]\n');
  serve({ kind: "operator", model: "operator" });
  expect((await scene.zeroclaw("agent status")).stderr).toContain("restart the gateway");
  expect(JSON.parse((await scene.zeroclaw("agent status --json")).stdout)).toEqual({
    kind: "operator",
    model: "operator",
    configured: "acp",
    restart_needed: true,
  });
});

test("`agent status` does not take what auto has chosen for a change", async () => {
  await config('[agent]\nkind = "auto"\n');
  serve({ kind: "model", model: "qwen3", trouble: null });
  const { stdout, stderr } = await scene.zeroclaw("agent status");
  expect(stdout).toContain("configured   auto\n");
  expect(stderr).toBe("");
});

test("`agent status` works although the configuration cannot be read", async () => {
  await config("[agent]\nkind = 1\n");
  serve({ kind: "operator", model: "operator", trouble: null });
  const { code, stdout } = await scene.zeroclaw("agent status");
  expect(code).toBe(0);
  expect(stdout).toContain("configured   unknown: zeroclaw config check\n");
});

test("`agent status` ends with 1 when no gateway runs", async () => {
  const { code, stdout, stderr } = await scene.zeroclaw("agent status");
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toStartWith("Cannot show the agent: no gateway runs on");
});
