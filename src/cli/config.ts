import { existsSync } from "node:fs";
import type { AgentMisconfigured } from "../agent/agents.ts";
import { ConfigError, type ConfigProblem } from "../config/config-error.ts";
import { absentChannel, describeConfig, getKey } from "../config/describe.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { configDir, configPath, displayPath } from "../config/paths.ts";
import type { Json } from "../lib/json.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { printable, printableJson, printableLine } from "./printable.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** `zeroclaw config get <key>`: what is in effect, whatever it comes from. Exit code 1 when the setting has no value. */
export async function getSetting(context: Context): Promise<number> {
  const { args, terminal } = context;
  const key = args.positionals[0] ?? "";
  const loaded = await load(context);
  const absent = absentChannel(loaded, key);
  const value = absent === null ? getKey(loaded, key) : null;
  if (args.flag("json")) terminal.json(value);
  else if (value !== null) printValue(terminal, value);
  if (value !== null) return EXIT.ok;
  const why = absent === null ? "" : `: there is no channel "${printableLine(absent)}"`;
  terminal.note(`${printableLine(key)} is not set${why}.`);
  return EXIT.failed;
}

/** `zeroclaw config list`. */
export async function listSettings(context: Context): Promise<number> {
  const { args, terminal } = context;
  const loaded = await load(context);
  const settings = describeConfig(loaded);
  if (args.flag("json")) {
    terminal.json({ path: loaded.path, exists: loaded.exists, settings });
    return EXIT.ok;
  }
  const rows = settings.map(({ key, value, source }) => [key, source ?? "not set", shown(value)]);
  terminal.write(table(terminal, ["KEY", "FROM", "VALUE"], rows));
  noteFaults(terminal, loaded);
  return EXIT.ok;
}

/** `zeroclaw config path`. */
export async function printPath({ args, terminal, env }: Context): Promise<number> {
  const path = configPath(configDir(env));
  if (args.flag("json")) terminal.json({ path, exists: existsSync(path) });
  else terminal.print(path);
  return EXIT.ok;
}

/** `zeroclaw config check`: the errors are those that a start would have, all of them. */
export async function checkConfig(context: Context): Promise<number> {
  const { args, terminal } = context;
  const json = args.flag("json");
  try {
    const loaded = await load(context);
    const { requireAgent } = await import("../agent/agents.ts");
    requireAgent(loaded.config.agent);
    if (json) terminal.json(checked(loaded));
    else sayOk(terminal, loaded);
    return EXIT.ok;
  } catch (error) {
    if (json) printProblems(context, error);
    throw error; // the exit code, and the same on stderr for people
  }
}

function sayOk(terminal: Terminal, loaded: LoadedConfig): void {
  terminal.print("ok");
  if (!loaded.exists) terminal.note(`There is no ${loaded.path} yet: the defaults apply.`);
  noteFaults(terminal, loaded);
}

function checked({ path, exists, warnings, channelFaults }: LoadedConfig): Json {
  const channels_off = [...channelFaults].map(([name, reason]) => ({ name, reason }));
  return { ok: true, path, exists, warnings, channels_off };
}

/** Of a configuration that a start would refuse; any other error is none of a document's. */
function printProblems({ terminal, env }: Context, error: unknown): void {
  const path = configPath(configDir(env));
  const print = (problems: readonly ConfigProblem[]): void =>
    terminal.json({ ok: false, path, problems: problems.map((problem) => ({ ...problem })) });
  if (error instanceof ConfigError) print(error.problems);
  else if (isMisconfigured(error)) {
    const { key, detail, hint } = error.complaint;
    print([{ key, where: displayPath(path, env), detail, hint }]);
  }
}

/** By its name: the agents' code is loaded by then, or there is no such error. */
function isMisconfigured(error: unknown): error is AgentMisconfigured {
  return error instanceof Error && error.name === "AgentMisconfigured";
}

function load({ env }: Context): Promise<LoadedConfig> {
  return loadConfig({ dir: configDir(env), env });
}

/** What does not stop a start, but should not be overlooked. */
function noteFaults(terminal: Terminal, { warnings, channelFaults }: LoadedConfig): void {
  const faults = [...channelFaults].map(([name, reason]) => `The channel "${name}" is off: ${reason}`);
  for (const text of [...warnings, ...faults]) {
    terminal.note(terminal.noteStyle("yellow", `Warning: ${printable(text)}`));
  }
}

function printValue(terminal: Terminal, value: Json): void {
  if (typeof value === "string") terminal.print(printable(value));
  else if (typeof value === "object" && !Array.isArray(value)) terminal.json(value);
  else terminal.print(printableJson(JSON.stringify(value))); // lists on one line, so that a script can read them with `read`
}

/** A value in a table's cell. */
function shown(value: Json): string {
  if (value === null) return "";
  return printableLine(typeof value === "string" ? value : JSON.stringify(value));
}
