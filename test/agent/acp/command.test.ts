import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, linkSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acpCommand, type CommandConfig } from "../../../src/agent/acp/command.ts";
import { AgentError } from "../../../src/agent/agent.ts";

const dir = mkdtempSync(join(tmpdir(), "zeroclaw-command-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const program = join(dir, "agent-x");
writeFileSync(program, "#!/bin/sh\n");
chmodSync(program, 0o755);
symlinkSync(program, join(dir, "linked"));
linkSync(program, join(dir, "hard"));
writeFileSync(join(dir, "notes.txt"), "");

function command(config: Partial<CommandConfig>, self: string | null = null) {
  return acpCommand(
    { command: [program], cwd: undefined, env: [], ...config },
    { env: { PATH: dir, ZEROCLAW_AGENT_OF: "1" }, dir },
    { self, pid: 42 },
  );
}

function refusal(config: Partial<CommandConfig>, self: string | null = null): AgentError {
  try {
    command(config, self);
  } catch (error) {
    if (error instanceof AgentError) return error;
  }
  throw new Error("It was not refused");
}

describe("an ACP agent's command", () => {
  test("is found by its path, and by its name in the gateway's PATH", () => {
    expect(command({ command: [program, "acp", "--x"] })).toMatchObject({
      argv: [program, "acp", "--x"],
      name: "agent-x",
    });
    expect(command({ command: ["agent-x"] }).argv).toEqual([program]);
  });

  test("works in a folder of its own that nobody else may enter, or in one that is there", () => {
    const { cwd } = command({});
    expect(cwd).toBe(join(dir, "workspace"));
    expect(statSync(cwd).mode & 0o777).toBe(0o700);
    expect(command({ cwd: dir }).cwd).toBe(dir);
  });

  test("is told whose agent it is, whoever's this process may be itself", () => {
    expect(command({ env: ["ZEROCLAW_AGENT_OF"] }).env).toEqual({ PATH: dir, ZEROCLAW_AGENT_OF: "42" });
  });

  test.each<[string, Partial<CommandConfig>, string]>([
    ["a name that is not in PATH", { command: ["nope"] }, 'there is no program "nope" in the gateway\'s PATH'],
    ["a path where nothing is", { command: ["/nope/agent"] }, '"/nope/agent" is no file that can be executed'],
    ["a file that is no program", { command: [join(dir, "notes.txt")] }, "is no file that can be executed"],
    ["a folder", { command: [dir] }, "is no file that can be executed"],
    ["nothing", { command: [] }, 'there is no program ""'],
    ["a relative path", { command: ["./agent-x"] }, "Give its absolute path"],
    ["a folder that is not there", { cwd: "/nope" }, 'agent.cwd is "/nope", which is no folder'],
    ["a folder that is a file", { cwd: program }, "which is no folder"],
    ["a relative folder", { cwd: "~/work" }, "give an absolute path"],
  ])("with %s is refused for good", (_what, config, words) => {
    const error = refusal(config);
    expect(error.message).toContain(words);
    expect(error.permanent).toBe(true);
  });

  test.each([["agent-x"], ["linked"], ["hard"], [join(dir, "linked")]])(
    "that is this executable itself is refused under any name: %s",
    (name) => {
      expect(refusal({ command: [name] }, program).message).toContain("agent.command names this gateway itself");
      expect(command({ command: [name] }, join(dir, "notes.txt")).argv).toHaveLength(1);
    },
  );
});
