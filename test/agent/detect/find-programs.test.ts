import { expect, test } from "bun:test";
import { ACP_PROGRAMS } from "../../../src/agent/detect/acp-programs.ts";
import { findPrograms, isOurselves } from "../../../src/agent/detect/find-programs.ts";

interface Machine {
  /** Program → where PATH finds it. */
  readonly path: Readonly<Record<string, string>>;
  /** Link → where it leads. */
  readonly links?: Readonly<Record<string, string>>;
  readonly self?: readonly string[];
}

function on({ path, links = {}, self = ["/opt/ours"] }: Machine) {
  const realPath = (from: string) => (from in links ? (links[from] ?? null) : from);
  return { which: (program: string) => path[program] ?? null, realPath, self };
}

test("findPrograms() finds nothing on a machine without agents", () => {
  expect(findPrograms(on({ path: {} }))).toEqual([]);
});

test("findPrograms() tells each agent's command, by its name in PATH", () => {
  const path = Object.fromEntries(
    ["opencode", "claude-agent-acp", "codex-acp", "gemini", "goose", "qwen", "copilot", "cursor-agent", "kimi"].map(
      (name) => [name, `/usr/bin/${name}`],
    ),
  );
  expect(findPrograms(on({ path })).map(({ command }) => command.join(" "))).toEqual([
    "opencode acp",
    "claude-agent-acp",
    "codex-acp",
    "gemini --acp",
    "goose acp",
    "qwen --acp",
    "copilot --acp --stdio",
    "cursor-agent acp",
    "kimi --acp",
  ]);
});

test("findPrograms() knows the older name of Claude Code's agent, and prefers the newer one", () => {
  const older = { "claude-code-acp": "/bin/claude-code-acp" };
  const commands = (path: Machine["path"]) => findPrograms(on({ path })).map(({ command }) => command);
  expect(commands(older)).toEqual([["claude-code-acp"]]);
  expect(commands({ ...older, "claude-agent-acp": "/bin/claude-agent-acp" })).toEqual([["claude-agent-acp"]]);
});

test("findPrograms() names the other zeroclaw by its whole path", () => {
  expect(findPrograms(on({ path: { zeroclaw: "/home/u/.cargo/bin/zeroclaw" } }))).toEqual([
    {
      title: "ZeroClaw (Rust)",
      path: "/home/u/.cargo/bin/zeroclaw",
      command: ["/home/u/.cargo/bin/zeroclaw", "acp"],
    },
  ]);
});

test.each<[string, Machine]>([
  ["our own path", { path: { zeroclaw: "/opt/ours" } }],
  ["a link to us", { path: { zeroclaw: "/bin/zeroclaw" }, links: { "/bin/zeroclaw": "/opt/ours" } }],
  ["what our own path is a link to", { path: { zeroclaw: "/bin/zeroclaw" }, links: { "/opt/ours": "/bin/zeroclaw" } }],
  [
    "npm's launcher of us",
    { path: { zeroclaw: "/bin/zeroclaw" }, links: { "/bin/zeroclaw": "/lib/node_modules/zeroclaw/launcher.js" } },
  ],
])("findPrograms() does not take %s for an agent", (_what, machine) => {
  expect(findPrograms(on(machine))).toEqual([]);
});

test("isOurselves() does not mistake an agent that is a script for us", () => {
  const machine = on({ path: {}, links: { "/bin/codex-acp": "/lib/node_modules/codex-acp/index.js" } });
  expect(isOurselves("/bin/codex-acp", machine)).toBe(false);
});

test("findPrograms() passes over what a relative entry of PATH finds", () => {
  expect(findPrograms(on({ path: { opencode: "./opencode" } }))).toEqual([]);
});

test("every agent of the table can be got somewhere", () => {
  for (const { install } of ACP_PROGRAMS) expect(install).toMatch(/^npm install -g \S+$|^https:\/\/\S+$/);
});
