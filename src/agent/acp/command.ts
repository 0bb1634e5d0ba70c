import { mkdirSync, statSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { AgentError } from "../agent.ts";
import type { AgentParts } from "../agent-parts.ts";
import type { AgentConfig } from "../agents.ts";
import type { AcpSystem } from "./system.ts";

/** How an agent's program is run: no shell, nothing inherited but what stands here. */
export interface AcpCommand {
  /** The program's file name, for messages. */
  readonly name: string;
  /** `argv[0]` is the program's path. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export type CommandConfig = Pick<AgentConfig, "command" | "cwd" | "env">;

const INHERITED = new Set([
  ...["HOME", "PATH", "LANG", "TERM", "TMPDIR", "USER", "LOGNAME", "SHELL", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"],
]);
const INHERITED_FAMILY = /^(?:LC|XDG)_/;
/** The gateway's own settings, some of them secrets: an agent gets none, even if `agent.env` names it. */
const OWN = /^ZEROCLAW_/i;
/** Names the gateway whose agent a process is: another start of ours that finds it knows that it was led back to itself. */
const AGENT_OF = "ZEROCLAW_AGENT_OF";

/**
 * The command of an ACP agent, its program found and its folder made. This executable must not start itself: the Rust
 * ZeroClaw, an ACP agent, has the same name.
 * @throws AgentError, permanent, that says which setting to change
 */
export function acpCommand(
  config: CommandConfig,
  { env, dir }: Pick<AgentParts, "env" | "dir">,
  { self, pid }: Pick<AcpSystem, "self" | "pid">,
): AcpCommand {
  const [program = "", ...args] = config.command ?? [];
  const path = findProgram(program, env["PATH"] ?? "");
  if (self !== null && sameFile(path, self)) {
    throw impossible(
      `agent.command names this gateway itself: "${program}" is ${path}. ` +
        "The Rust ZeroClaw has the same name: give the absolute path of the other program.",
    );
  }
  return {
    name: basename(program),
    argv: [path, ...args],
    cwd: config.cwd === undefined ? ownWorkspace(dir) : existingFolder(config.cwd),
    env: { ...environmentOf(env, config.env), [AGENT_OF]: String(pid) },
  };
}

function findProgram(program: string, PATH: string): string {
  if (program.includes("/") && !isAbsolute(program)) {
    throw impossible(`agent.command names "${program}", which depends on a folder. Give its absolute path.`);
  }
  const path = Bun.which(program, { PATH });
  if (path !== null) return path;
  throw impossible(
    isAbsolute(program)
      ? `Cannot start the agent: "${program}" is no file that can be executed. Correct agent.command.`
      : `Cannot start the agent: there is no program "${program}" in the gateway's PATH (${PATH}). Install it, or give its absolute path in agent.command.`,
  );
}

/** By device and inode: a symbolic link, a hard link and `/proc/self/exe` are the same file under another name. */
function sameFile(a: string, b: string): boolean {
  const [one, other] = [statOf(a), statOf(b)];
  return one !== null && other !== null && one.dev === other.dev && one.ino === other.ino;
}

function ownWorkspace(dir: string): string {
  const workspace = join(dir, "workspace");
  try {
    mkdirSync(workspace, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw impossible(
      `Cannot make the agent's folder "${workspace}": ${String(cause)}. Name another in agent.cwd.`,
      cause,
    );
  }
  return workspace;
}

function existingFolder(cwd: string): string {
  if (!isAbsolute(cwd)) throw impossible(`agent.cwd is "${cwd}": give an absolute path, without "~".`);
  if (statOf(cwd)?.isDirectory() === true) return cwd;
  throw impossible(`agent.cwd is "${cwd}", which is no folder. Make it, or name another.`);
}

function environmentOf(all: AgentParts["env"], named: readonly string[]): Record<string, string> {
  const wanted = new Set(named);
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (value === undefined || OWN.test(name)) continue;
    if (INHERITED.has(name) || INHERITED_FAMILY.test(name) || wanted.has(name)) env[name] = value;
  }
  return env;
}

function statOf(path: string) {
  try {
    return statSync(path);
  } catch {
    return null; // not there, or in a folder that we may not look into
  }
}

function impossible(message: string, cause?: unknown): AgentError {
  return new AgentError(message, { permanent: true, cause });
}
