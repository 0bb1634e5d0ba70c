import { describeConfig, getKey } from "../config/describe.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { configDir, configPath } from "../config/paths.ts";
import type { Json } from "../lib/json.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { printable, printableLine } from "./printable.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

/** `zeroclaw config get <key>`: what is in effect, whatever it comes from. Exit code 1 when the setting has no value. */
export async function getSetting(context: Context): Promise<number> {
  const { args, terminal } = context;
  const key = args.positionals[0] ?? "";
  const value = getKey(await load(context), key);
  if (args.flag("json")) terminal.json(value);
  else if (value !== null) printValue(terminal, value);
  if (value !== null) return EXIT.ok;
  terminal.note(`${printableLine(key)} is not set.`);
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
export async function printPath({ terminal, env }: Context): Promise<number> {
  terminal.print(configPath(configDir(env)));
  return EXIT.ok;
}

/** `zeroclaw config check`: the errors are those that a start would have, all of them. */
export async function checkConfig(context: Context): Promise<number> {
  const { terminal } = context;
  const loaded = await load(context);
  const { requireAgent } = await import("../agent/agents.ts");
  requireAgent(loaded.config.agent);
  terminal.print("ok");
  if (!loaded.exists) terminal.note(`There is no ${loaded.path} yet: the defaults apply.`);
  noteFaults(terminal, loaded);
  return EXIT.ok;
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
  else terminal.print(JSON.stringify(value)); // lists on one line, so that a script can read them with `read`
}

/** A value in a table's cell. */
function shown(value: Json): string {
  if (value === null) return "";
  return printableLine(typeof value === "string" ? value : JSON.stringify(value));
}
