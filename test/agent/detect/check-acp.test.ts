import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Check } from "../../../src/agent/detect/check.ts";
import { checkAcp } from "../../../src/agent/detect/check-acp.ts";
import { agentConfig } from "../../support/agent-parts.ts";
import { bareMachine } from "./support/machine.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "zeroclaw-check-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const PATH: Readonly<Record<string, string>> = { opencode: "/bin/opencode", zeroclaw: "/bin/zeroclaw" };

function check(command: readonly string[], cwd?: string, at = dir, greet = async () => "OpenCode") {
  const realPath = (path: string) => (path === "/bin/zeroclaw" ? "/opt/ours/zeroclaw" : path);
  const machine = bareMachine({ which: (program) => PATH[program] ?? null, realPath });
  return checkAcp({ ...machine, dir: at, greet }, agentConfig({ kind: "acp", command: [...command], cwd }));
}

const named = (checks: readonly Check[], name: string) => checks.find((each) => each.name === name);

test("checkAcp() finds a program that shakes hands, and a folder that is made later", async () => {
  expect(await check(["opencode", "acp"])).toEqual([
    { name: "program", state: "ok", detail: "/bin/opencode" },
    { name: "folder", state: "ok", detail: `${join(dir, "workspace")} (made when it is first needed)` },
    { name: "initialize", state: "ok", detail: '"OpenCode" speaks ACP' },
  ]);
  expect(await readdir(dir)).toEqual([]);
});

test.each([
  ["nosuch", '"nosuch" is not in PATH'],
  ["/nosuch/agent", '"/nosuch/agent" is no file that can be executed'],
  ["bin/agent", '"bin/agent" depends on a folder'],
  ["zeroclaw", "/bin/zeroclaw is this gateway itself, not an agent"],
])("checkAcp() does not start %s: %s", async (program, detail) => {
  let started = false;
  const checks = await check([program], undefined, dir, async () => {
    started = true;
    return "";
  });
  expect(named(checks, "program")).toMatchObject({ state: "failed", detail });
  expect(named(checks, "initialize")?.state).toBe("unknown");
  expect(started).toBe(false);
});

test("checkAcp() tells why a program does not shake hands", async () => {
  const checks = await check(["opencode"], undefined, dir, async () => {
    throw new Error("It wants a login.");
  });
  expect(named(checks, "initialize")).toMatchObject({ state: "failed", detail: "It wants a login." });
});

test("checkAcp() looks at the folder that agent.cwd names", async () => {
  const file = join(dir, "file");
  await writeFile(file, "");
  expect(named(await check(["opencode"], dir), "folder")).toEqual({ name: "folder", state: "ok", detail: dir });
  for (const cwd of [file, "/nosuch/folder", "relative", "~/work"]) {
    expect(named(await check(["opencode"], cwd), "folder")?.state).toBe("failed");
  }
  await rm(file);
});

test("checkAcp() tells of a workspace that is no folder", async () => {
  const home = join(dir, "home");
  await mkdir(home);
  await writeFile(join(home, "workspace"), "");
  expect(named(await check(["opencode"], undefined, home), "folder")?.state).toBe("failed");
});
