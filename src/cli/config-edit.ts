import { readFile } from "node:fs/promises";
import { getKey, parseValue } from "../config/describe.ts";
import { editConfig } from "../config/edit.ts";
import { findSetting, keys } from "../config/keys.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { configDir, configPath } from "../config/paths.ts";
import type { Json } from "../lib/json.ts";
import { nearest } from "../lib/nearest.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { readText } from "./input.ts";
import { printable, printableLine } from "./printable.ts";

const MAX_VALUE_BYTES = 65_536;
const TOKENS = "gateway.paired_tokens";

/** `zeroclaw config set <key> <value>`: changes that value in the file, and says what is in effect then. */
export async function setSetting(context: Context): Promise<number> {
  const { env, terminal } = context;
  const [key = "", typed = ""] = context.args.positionals;
  const value = parseValue(key, await valueText(context, typed));
  const before = await inEffect(context, key);
  await editConfig(configPath(configDir(env)), new Map([[key, value]]));
  const after = await inEffect(context, key);
  const shown = "value" in after ? after.value : isSecret(key) ? "[set]" : value;
  terminal.print(change(key, before, shown));
  if ("value" in after && after.source !== "file") {
    terminal.note(`Another value is in effect: it comes from the ${after.source}, which is stronger than the file.`);
  }
  await noteWhatIsNext(context, key, after);
  return EXIT.ok;
}

/** `zeroclaw config unset <key>`: takes the key out of the file. Keys that we do not know can be taken out too: they stop a start. */
export async function unsetSetting(context: Context): Promise<number> {
  const { args, env, terminal } = context;
  const key = args.positionals[0] ?? "";
  const root = key.split(".", 1)[0] ?? "";
  if (key.includes(".") && !keys().some((known) => known.startsWith(`${root}.`))) {
    throw args.wrongUse(`"${printableLine(root)}" is not the gateway's; what is not its own it leaves alone.`);
  }
  const path = configPath(configDir(env));
  const textBefore = await text(path);
  const before = await inEffect(context, key);
  if (textBefore !== null) await editConfig(path, new Map([[key, undefined]]));
  if ((await text(path)) === textBefore) {
    if (findSetting(key) === null) throw args.wrongUse(unknownKey(key));
    terminal.note(`${key} is not in ${path}: there is nothing to unset.`);
    return EXIT.ok;
  }
  const after = await inEffect(context, key);
  terminal.print(change(printableLine(key), before, "value" in after ? after.value : null));
  await noteWhatIsNext(context, key, after);
  return EXIT.ok;
}

/** What is in effect for a key, or why the configuration cannot be loaded: perhaps it is just being mended. */
type InEffect = { readonly value: Json; readonly source: string | null } | { readonly fault: string };

async function inEffect({ env }: Context, key: string): Promise<InEffect> {
  let loaded: LoadedConfig;
  try {
    loaded = await loadConfig({ dir: configDir(env), env });
  } catch (error) {
    if (isConfigError(error)) return { fault: error.message };
    throw error;
  }
  try {
    return { value: getKey(loaded, key), source: loaded.sources.get(key) ?? null };
  } catch (error) {
    if (isConfigError(error)) return { value: null, source: null }; // a channel that is not there, or an unknown key
    throw error;
  }
}

function isConfigError(error: unknown): error is Error {
  return error instanceof Error && error.name === "ConfigError";
}

/** "-" is stdin, so that a secret need not stand in the shell's history or the list of processes. */
async function valueText({ args, input }: Context, typed: string): Promise<string> {
  if (typed !== "-") return typed;
  const read = await readText(input, MAX_VALUE_BYTES);
  if (read === null) throw args.wrongUse(`stdin holds more than the ${MAX_VALUE_BYTES} bytes that a value may have.`);
  return read.replace(/\r?\n$/, "");
}

function isSecret(key: string): boolean {
  return key !== TOKENS && findSetting(key)?.secret === true;
}

/** `gateway.port: 8585 → 9090`. */
function change(key: string, before: InEffect, after: Json): string {
  const text = (value: Json): string => {
    if (value === null) return "not set";
    return isSecret(key) ? String(value) : printableLine(JSON.stringify(value));
  };
  const now = text(after);
  return !("value" in before) || text(before.value) === now
    ? `${key}: ${now}`
    : `${key}: ${text(before.value)} → ${now}`;
}

async function noteWhatIsNext(context: Context, key: string, after: InEffect): Promise<void> {
  const { terminal } = context;
  const fault = "fault" in after ? after.fault : key.startsWith("agent.") ? await agentFault(context) : null;
  if (fault !== null) terminal.note(`The gateway will not start like this.\n${printable(fault)}`);
  else if (key === TOKENS) terminal.note("A gateway that is running takes this over within a second.");
  else terminal.note("A gateway that is running must be restarted to take this over.");
}

/** What the agent's settings lack together: perhaps the next command sets it. */
async function agentFault({ env }: Context): Promise<string | null> {
  const { requireAgent } = await import("../agent/agents.ts");
  try {
    requireAgent((await loadConfig({ dir: configDir(env), env })).config.agent);
    return null;
  } catch (error) {
    if (error instanceof Error && error.name === "AgentMisconfigured") return error.message;
    throw error;
  }
}

function unknownKey(key: string): string {
  const close = nearest(key, keys());
  const hint = close === undefined ? "" : ` Did you mean "${close}"?`;
  return `there is no setting "${printableLine(key)}", and the file has none of that name.${hint}`;
}

async function text(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch(() => null);
}
