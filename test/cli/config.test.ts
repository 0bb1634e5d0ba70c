import { expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localScene } from "../support/cli.ts";

const HASH = "ab".repeat(32);
const scene = localScene();

function file(text: string): Promise<void> {
  return writeFile(join(scene.dir, "config.toml"), text, { mode: 0o600 });
}

test.each([
  ["gateway.host", "127.0.0.1"],
  ["gateway.port", "8585"],
  ["gateway.rate_limit.enabled", "true"],
  ["gateway.paired_tokens", "[]"],
])("`config get %s` prints the default %s bare when there is no file", async (key, value) => {
  expect(await scene.zeroclaw(`config get ${key}`)).toEqual({ code: 0, stdout: `${value}\n`, stderr: "" });
});

test("`config get gateway.paired_tokens` is one line of JSON, on a terminal too", async () => {
  await file(`[gateway]\npaired_tokens = [\n  "${HASH}",\n  "${HASH.toUpperCase()}",\n]\n`);
  const { code, stdout } = await scene.zeroclaw("config get gateway.paired_tokens", { terminal: true });
  expect([code, stdout]).toEqual([0, `["${HASH}","${HASH}"]\n`]);
});

test("`config get` of a table is JSON", async () => {
  const { stdout } = await scene.zeroclaw("config get gateway.idempotency");
  expect(JSON.parse(stdout)).toEqual({ enabled: true, max_keys: 10_000 });
});

test("`config get` shows what is in effect: the environment before the file", async () => {
  await file("[gateway]\nport = 1000\n");
  const get = (env: Record<string, string>) => scene.zeroclaw("config get gateway.port", { env });
  expect([(await get({})).stdout, (await get({ ZEROCLAW_GATEWAY__PORT: "2000" })).stdout]).toEqual([
    "1000\n",
    "2000\n",
  ]);
});

test("`config get` does not show secrets", async () => {
  await file('[channels.github]\nsecret = "hunter2"\n');
  const { stdout } = await scene.zeroclaw("config get channels.github.secret");
  expect(stdout).toBe("[set]\n");
});

test("`config get` of a setting without a value prints nothing and ends with 1", async () => {
  const { code, stdout, stderr } = await scene.zeroclaw("config get agent.model");
  expect([code, stdout, stderr]).toEqual([1, "", "agent.model is not set.\n"]);
});

test("`config get` of an unknown key names the nearest, with exit code 2", async () => {
  const { code, stdout, stderr } = await scene.zeroclaw("config get gateway.prot");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain('Did you mean "gateway.port"?');
});

test("`config get` does not let a value draw on the terminal", async () => {
  await file('[agent]\nsystem_prompt = "a\\u001b[2J"\n');
  expect((await scene.zeroclaw("config get agent.system_prompt")).stdout).toBe("a\\u001b[2J\n");
});

test("`config list` shows every setting, its source and its value", async () => {
  await file('[gateway]\nport = 1000\n[channels.github]\nsecret = "hunter2"\n');
  const { code, stdout } = await scene.zeroclaw("config list", { env: { ZEROCLAW_GATEWAY__HOST: "::1" } });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^gateway\.port +file +1000$/m);
  expect(stdout).toMatch(/^gateway\.host +environment +::1$/m);
  expect(stdout).toMatch(/^gateway\.wait_seconds +default +25$/m);
  expect(stdout).toMatch(/^channels\.github\.secret +file +\[set\]$/m);
  expect(stdout).not.toContain("hunter2");
});

test("`config list --json` has what is allowed and what it is about, too", async () => {
  const { stdout } = await scene.zeroclaw("config list --json");
  const { path, exists, settings } = JSON.parse(stdout);
  expect([path, exists]).toEqual([join(scene.dir, "config.toml"), false]);
  const port = settings.find(({ key }: { key: string }) => key === "gateway.port");
  expect(port).toMatchObject({ value: 8585, source: "default", default: 8585, about: "Listen port" });
});

test("`config path` prints the path, whether the file is there or not", async () => {
  expect((await scene.zeroclaw("config path")).stdout).toBe(`${join(scene.dir, "config.toml")}\n`);
});

test("`config check` says ok, and on stderr what does not stop a start", async () => {
  await file("[channels.github]\n");
  const { code, stdout, stderr } = await scene.zeroclaw("config check");
  expect([code, stdout]).toEqual([0, "ok\n"]);
  expect(stderr).toContain('Warning: The channel "github" is off: ');
});

test("`config get` of a channel's key says when there is no such channel, with exit code 1", async () => {
  await file('[channels.github]\nsecret = "hunter2"\n');
  for (const name of ["nope", "whatsapp"]) {
    const key = `channels.${name}.${name === "nope" ? "secret" : "app_secret"}`;
    const ended = await scene.zeroclaw(`config get ${key}`);
    expect(ended).toEqual({ code: 1, stdout: "", stderr: `${key} is not set: there is no channel "${name}".\n` });
    expect((await scene.zeroclaw(`config get ${key} --json`)).stdout).toBe("null\n");
  }
  expect((await scene.zeroclaw("config get channels.github.access_token")).stdout).toBe("[not set]\n");
});

test("`config path --json` says whether the file is there, too", async () => {
  const path = join(scene.dir, "config.toml");
  const asked = async () => JSON.parse((await scene.zeroclaw("config path --json")).stdout);
  expect(await asked()).toEqual({ path, exists: false });
  await file("");
  expect(await asked()).toEqual({ path, exists: true });
});

test("`config check --json` of what a start takes has its warnings and the channels that are off", async () => {
  await file("mine = 1\n[channels.github]\nsecret = 'env:NOPE'\n");
  const { code, stdout, stderr } = await scene.zeroclaw("config check --json");
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual({
    ok: true,
    path: join(scene.dir, "config.toml"),
    exists: true,
    warnings: [expect.stringContaining('"mine"')],
    channels_off: [{ name: "github", reason: expect.stringContaining('"NOPE" is not set') }],
  });
});

test.each([
  ['[gateway]\nport = "x"\nprot = 1\n', ["gateway.port", "gateway.prot"]],
  ['[agent]\nkind = "model"\n', ["agent.provider"]],
  ['[store]\nurl = "postgres://db/x"\n', ["store.url"]],
  ["[channels.github]\nsecret = ' '\n", ["channels.github.secret"]],
])("`config check --json` of %p has every problem, and ends with 2", async (text, keys) => {
  await file(text);
  const { code, stdout, stderr } = await scene.zeroclaw("config check --json");
  const { ok, problems } = JSON.parse(stdout);
  expect([code, ok, problems.map(({ key }: { key: string }) => key)]).toEqual([2, false, keys]);
  for (const { detail } of problems) expect(stderr).toContain(detail);
});

test("`config check` calls a blank secret of the environment's a channel that is off", async () => {
  await file("[channels.github]\nsecret = 'env:BLANK'\n");
  const { code, stderr } = await scene.zeroclaw("config check", { env: { BLANK: " " } });
  expect([code, stderr]).toEqual([0, expect.stringContaining('The channel "github" is off: ')]);
});

test("`config check` tells every problem with its line, with exit code 2", async () => {
  await file('[gateway]\nport = "x"\nprot = 1\n');
  const { code, stdout, stderr } = await scene.zeroclaw("config check");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("line 2");
  expect(stderr).toContain("line 3");
});
