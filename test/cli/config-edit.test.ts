import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { localScene } from "../support/cli.ts";

const RESTART = "A gateway that is running must be restarted to take this over.\n";
const scene = localScene();

function file(text: string): Promise<void> {
  return writeFile(join(scene.dir, "config.toml"), text, { mode: 0o600 });
}

function stored(): Promise<string> {
  return readFile(join(scene.dir, "config.toml"), "utf8");
}

test("`config set` changes one value, keeps the rest to the byte, and says what to do next", async () => {
  await file("# mine\n[gateway]\nport = 8585 # the port\nhost = '::1'\n");
  const ended = await scene.zeroclaw("config set gateway.port 9090");
  expect(ended).toEqual({ code: 0, stdout: "gateway.port: 8585 → 9090\n", stderr: RESTART });
  expect(await stored()).toBe("# mine\n[gateway]\nport = 9090 # the port\nhost = '::1'\n");
});

test("`config set` makes the file when there is none", async () => {
  expect((await scene.zeroclaw("config set gateway.host 0.0.0.0")).stdout).toBe(
    'gateway.host: "127.0.0.1" → "0.0.0.0"\n',
  );
  expect((await scene.zeroclaw("config get gateway.host")).stdout).toBe("0.0.0.0\n");
});

test.each([
  ["config set gateway.port 80a", '"gateway.port" must be a whole number'],
  ["config set gateway.prot 1", 'Did you mean "gateway.port"?'],
  ["config set gateway.host", "<value> is missing"],
  ["config set gateway.port -1", 'Put "--" before arguments that begin with a dash.'],
  ["config set gateway.port -- -1", "must be a whole number from 0 to 65535"],
])("`%s` is refused with exit code 2 and changes nothing", async (line, message) => {
  const before = "[gateway]\nport = 1000\n";
  await file(before);
  const { code, stdout, stderr } = await scene.zeroclaw(line);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(message);
  expect(await stored()).toBe(before);
});

test("`config set` of an agent says what a start still needs, until that is set too", async () => {
  await file("[agent]\nmax_concurrent = 2\n");
  const kind = await scene.zeroclaw("config set agent.kind model");
  expect([kind.code, kind.stdout]).toEqual([0, 'agent.kind: "operator" → "model"\n']);
  expect(kind.stderr).toContain('The gateway will not start like this.\nCannot start the agent: agent.kind is "model"');
  const provider = await scene.zeroclaw("config set agent.provider ollama");
  expect(provider.stderr).toContain("agent.model names no model");
  const model = await scene.zeroclaw("config set agent.model llama3");
  expect([model.code, model.stderr]).toEqual([0, "A gateway that is running must be restarted to take this over.\n"]);
  expect((await scene.zeroclaw("config unset agent.model")).stderr).toContain("agent.model names no model");
});

test.each([
  ["config set store.url postgres://db/x", "this version keeps its state in SQLite only"],
  ["config set channels.github.secret -", "blank text is no secret"],
])("`%s` of what a start refuses changes nothing", async (line, message) => {
  await file("# mine\n");
  const { code, stderr } = await scene.zeroclaw(line, { stdin: " \n" });
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(await stored()).toBe("# mine\n");
});

test("`config set` does not print secrets, and takes them from stdin", async () => {
  const { stdout, stderr } = await scene.zeroclaw("config set channels.github.secret -", { stdin: "hunter2\n" });
  expect(stdout).toBe("channels.github.secret: [not set] → [set]\n");
  expect(stderr).not.toContain("hunter2");
  expect(await stored()).toContain('secret = "hunter2"');
});

test("`config set` says when the environment is stronger", async () => {
  const env = { ZEROCLAW_GATEWAY__PORT: "7000" };
  const { code, stderr } = await scene.zeroclaw("config set gateway.port 9090", { env });
  expect(code).toBe(0);
  expect(stderr).toContain("Another value is in effect: it comes from the environment");
});

test("`config set gateway.paired_tokens` needs no restart", async () => {
  const { stderr } = await scene.zeroclaw(`config set gateway.paired_tokens ["${"ab".repeat(32)}"]`);
  expect(stderr).toBe("A gateway that is running takes this over within a second.\n");
});

test("`config set` says when the gateway will not start with the result", async () => {
  const { code, stdout, stderr } = await scene.zeroclaw("config set agent.api_key env:NO_SUCH_KEY");
  expect([code, stdout]).toEqual([0, "agent.api_key: [not set] → [set]\n"]);
  expect(stderr).toContain("The gateway will not start like this.\n");
  expect(stderr).toContain("NO_SUCH_KEY");
});

test("`config unset` takes the key out, and shows the default that applies then", async () => {
  await file("[gateway]\nport = 1000\nhost = '::1'\n");
  expect((await scene.zeroclaw("config unset gateway.port")).stdout).toBe("gateway.port: 1000 → 8585\n");
  expect(await stored()).toBe("[gateway]\nhost = '::1'\n");
});

test("`config unset` mends a file that an unknown key has spoiled", async () => {
  await file("[gateway]\nprot = 1\nport = 1000\n");
  const { code } = await scene.zeroclaw("config unset gateway.prot");
  expect(code).toBe(0);
  expect((await scene.zeroclaw("config get gateway.port")).stdout).toBe("1000\n");
});

test("`config unset` takes a whole channel out, and finds nothing wrong with that", async () => {
  await file('[channels.shop]\nscheme = "bearer"\nsecret = "s"\n');
  const { code, stderr } = await scene.zeroclaw("config unset channels.shop");
  expect([code, stderr.includes("will not start")]).toEqual([0, false]);
  expect((await scene.zeroclaw("config check")).stdout).toBe("ok\n");
});

test("`config unset` leaves alone what is not the gateway's", async () => {
  await file("[other]\nx = 1\n");
  const { code, stderr } = await scene.zeroclaw("config unset other.x");
  expect(code).toBe(2);
  expect(stderr).toContain("not the gateway's");
});

test("`config unset` of what is not in the file says so and succeeds", async () => {
  const { code, stderr } = await scene.zeroclaw("config unset gateway.port");
  expect(code).toBe(0);
  expect(stderr).toContain("there is nothing to unset");
});

test("`config unset` of a key that nobody knows is a usage error", async () => {
  await file("[gateway]\n");
  const { code, stderr } = await scene.zeroclaw("config unset gateway.hots");
  expect(code).toBe(2);
  expect(stderr).toContain(
    'there is no setting "gateway.hots", and the file has none of that name. Did you mean "gateway.host"?',
  );
});
