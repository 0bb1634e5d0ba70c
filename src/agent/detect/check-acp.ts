import { accessSync, constants, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import type { AgentConfig } from "../agents.ts";
import { type Check, failed, ok, unknown } from "./check.ts";
import { isOurselves, type ProgramParts } from "./find-programs.ts";

/** Starts the configured program, shakes hands and ends it. Resolves to its name; rejects with what is wrong. */
export type Greet = (config: AgentConfig) => Promise<string>;

export interface CheckAcpParts extends ProgramParts {
  /** The gateway's folder. */
  readonly dir: string;
  readonly greet: Greet;
}

/** Whether the agent's program is there and speaks ACP, and its folder can be written. */
export async function checkAcp(parts: CheckAcpParts, config: AgentConfig): Promise<readonly Check[]> {
  const program = checkProgram(parts, config);
  const folder = checkFolder(config.cwd, parts.dir);
  if (program.state === "failed") return [program, folder, unknown("initialize", "not tried")];
  return [program, folder, await shakeHands(parts.greet, config)];
}

function checkProgram(parts: ProgramParts, { command }: AgentConfig): Check {
  const [program = ""] = command ?? [];
  const hint = "zeroclaw agent detect shows which there are, and how to get others.";
  if (program.includes("/") && !isAbsolute(program)) {
    return failed("program", `"${program}" depends on a folder`, "Give its absolute path in agent.command.");
  }
  const path = parts.which(program);
  if (path === null) {
    const what = isAbsolute(program) ? "is no file that can be executed" : "is not in PATH";
    return failed("program", `"${program}" ${what}`, hint);
  }
  if (!isOurselves(path, parts)) return ok("program", path);
  return failed(
    "program",
    `${path} is this gateway itself, not an agent`,
    "The Rust ZeroClaw has the same name: give its absolute path in agent.command.",
  );
}

/** Nothing is made: the workspace comes with the first turn. */
function checkFolder(cwd: string | undefined, dir: string): Check {
  if (cwd !== undefined) {
    if (!isAbsolute(cwd)) return failed("folder", `"${cwd}" is no absolute path`, 'Write agent.cwd without "~".');
    if (isFolder(cwd)) return writable(cwd, cwd);
    return failed("folder", `"${cwd}" is no folder`, "Make it, or name another in agent.cwd.");
  }
  const workspace = join(dir, "workspace");
  if (exists(workspace)) {
    if (isFolder(workspace)) return writable(workspace, workspace);
    return failed("folder", `"${workspace}" is no folder`, "Move it away, or name another in agent.cwd.");
  }
  let above = dir;
  while (!exists(above) && dirname(above) !== above) above = dirname(above);
  return writable(above, `${workspace} (made when it is first needed)`);
}

function writable(folder: string, shown: string): Check {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return ok("folder", shown);
  } catch {
    return failed("folder", `"${folder}" cannot be written`, "Change its permissions, or name another in agent.cwd.");
  }
}

async function shakeHands(greet: Greet, config: AgentConfig): Promise<Check> {
  try {
    return ok("initialize", `"${await greet(config)}" speaks ACP`);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return failed("initialize", detail, "Run the command by hand: does it need a login, or another argument?");
  }
}

function exists(path: string): boolean {
  return statOf(path) !== null;
}

function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory() === true;
}

function statOf(path: string) {
  try {
    return statSync(path);
  } catch {
    return null; // not there, or in a folder that we may not look into
  }
}
