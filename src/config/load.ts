import { existsSync } from "node:fs";
import type { Json } from "../lib/json.ts";
import { channelProblems, channelWarnings, type GivenChannel } from "./channel-checks.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { isReadOnly } from "./disk.ts";
import { effective, type Layer, type Source } from "./effective.ts";
import { readEnvironment } from "./environment.ts";
import { type FileLayer, readFileLayer } from "./file-layer.ts";
import { channelOf, findSetting } from "./keys.ts";
import { backupPath, configPath, displayPath, type Environment } from "./paths.ts";
import { readConfigFile } from "./read-file.ts";
import { resolveSecret } from "./secrets.ts";
import { checkSetting } from "./setting-check.ts";
import type { Config } from "./settings.ts";
import { readToml } from "./toml-read.ts";
import { warningsAbout } from "./warnings.ts";

export interface LoadOptions {
  /** The gateway's folder, see `configDir`. It need not exist. */
  readonly dir: string;
  readonly env: Environment;
  readonly flags?: { readonly port?: number; readonly host?: string };
}

export interface LoadedConfig {
  readonly config: Config;
  readonly path: string;
  readonly exists: boolean;
  /** Whether pairing and `config set` cannot write the file. */
  readonly readOnly: boolean;
  /** Dotted key → where its value comes from; keys without a value are not in it. */
  readonly sources: ReadonlyMap<string, Source>;
  /** For people, to be shown at the start. */
  readonly warnings: readonly string[];
  /** Channel → why it is off. The start goes on. */
  readonly channelFaults: ReadonlyMap<string, string>;
}

const DOING = "Cannot read the configuration";

/**
 * The effective configuration: flag > environment > file > default, checked, secrets resolved.
 * @throws ConfigError when a key is unknown, a value is not allowed, or the file cannot be read.
 */
export async function loadConfig({ dir, env, flags = {} }: LoadOptions): Promise<LoadedConfig> {
  const path = configPath(dir);
  const where = displayPath(path, env);
  const file = readConfigFile(path, where);
  const interrupted = existsSync(backupPath(path));
  const fileLayer = await parseFile(file.text, where, interrupted ? backupHint(where) : TOML_HINT);
  const environment = readEnvironment(env, fileLayer.channels);
  const flagLayer = readFlags(flags);
  const layers: readonly Layer[] = [
    { source: "flag", values: flagLayer.values },
    { source: "environment", values: environment.values },
    { source: "file", values: fileLayer.values },
  ];
  const channels = [...new Set([...fileLayer.channels, ...environment.channels])];
  const problems = [...fileLayer.problems, ...environment.problems, ...flagLayer.problems];
  const given = channels.map((name) => givenChannel(name, layers, fileLayer));
  const { config, sources, channelFaults, cannotAnswer } = effective(layers, channels, env);
  const apiKey = resolveApiKey(config, env);
  const readOnly = isReadOnly(path);
  throwIfAny([...problems, ...ofChannels(given, problems), ...apiKeyProblems(apiKey.reason, fileLayer)]);
  return {
    config: apiKey.config,
    path,
    exists: file.exists,
    readOnly,
    sources,
    warnings: [
      ...(interrupted ? [backupHint(where)] : []),
      ...warningsAbout(file, fileLayer, where, readOnly),
      ...given.flatMap((channel) => channelWarnings(channel, config.gateway.public_url)),
      ...environment.warnings,
      ...cannotAnswer,
    ],
    channelFaults,
  };
}

/** What is wrong with the file alone, whatever the environment says. @throws ConfigError when it is no TOML. */
export async function problemsOfFile(text: string, where: string): Promise<readonly ConfigProblem[]> {
  const layer = await parseFile(text, where, TOML_HINT);
  const layers: readonly Layer[] = [{ source: "file", values: layer.values }];
  const given = layer.channels.map((name) => givenChannel(name, layers, layer));
  return [...layer.problems, ...ofChannels(given, layer.problems)];
}

const TOML_HINT = "The file must be TOML: https://toml.io";

function backupHint(where: string): string {
  return `${backupPath(where)} was left by an interrupted write. Compare it with the file, then delete it.`;
}

async function parseFile(text: string, where: string, hint: string): Promise<FileLayer> {
  const read = await readToml(text);
  if (read.ok) return readFileLayer(read.table, text, where);
  const { line, column, reason } = read;
  const place = line === undefined ? "" : ` line ${line}${column === undefined ? "" : `, column ${column}`}`;
  const problem: ConfigProblem = {
    key: "",
    where: `${where}${place}`,
    detail: reason,
    hint,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
  throw new ConfigError(DOING, [problem]);
}

interface FlagLayer {
  readonly values: ReadonlyMap<string, Json>;
  readonly problems: readonly ConfigProblem[];
}

function readFlags(flags: NonNullable<LoadOptions["flags"]>): FlagLayer {
  const values = new Map<string, Json>();
  const problems: ConfigProblem[] = [];
  for (const [flag, value] of Object.entries(flags)) {
    const key = `gateway.${flag}`;
    const setting = findSetting(key);
    if (setting === null || value === undefined) continue;
    const checked = checkSetting(key, setting, value);
    if (checked.ok) values.set(key, checked.value);
    else problems.push({ key, where: `--${flag}`, detail: checked.detail, allowed: setting.allowed });
  }
  return { values, problems };
}

/** What is wrong with channels as a whole. A setting that was refused by itself is not counted as missing. */
function ofChannels(given: readonly GivenChannel[], told: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return given.flatMap((channel) => {
    const refused = told.map(({ key }) => key).filter((key) => channelOf(key) === channel.name);
    const found = channelProblems(channel);
    if (refused.length === 0) return found;
    const scheme = `channels.${channel.name}.scheme`;
    return found.filter(({ key }) => key === scheme && !refused.includes(scheme));
  });
}

function givenChannel(name: string, layers: readonly Layer[], file: FileLayer): GivenChannel {
  const layerOf = (key: string) => layers.find(({ values }) => values.has(`channels.${name}.${key}`));
  return {
    name,
    value: (key) => layerOf(key)?.values.get(`channels.${name}.${key}`),
    place: (key) => {
      const source = layerOf(key)?.source;
      if (source === "file") return file.placeOf(["channels", name, key]);
      const inFile = source === undefined && file.channels.includes(name);
      return inFile ? file.placeOf(["channels", name]) : { where: "the environment" };
    },
  };
}

/** The agent is not a channel that can stay off: without the key that was meant for it, nothing would be answered. */
function resolveApiKey(config: Config, env: Environment): { readonly config: Config; readonly reason: string | null } {
  const given = config.agent.api_key;
  if (given === undefined) return { config, reason: null };
  const secret = resolveSecret(given, env);
  if (!secret.ok) return { config, reason: secret.reason };
  return { config: { ...config, agent: { ...config.agent, api_key: secret.value } }, reason: null };
}

function apiKeyProblems(reason: string | null, file: FileLayer): readonly ConfigProblem[] {
  if (reason === null) return [];
  const key = "agent.api_key";
  const place = file.values.has(key) ? file.placeOf(["agent", "api_key"]) : { where: "the environment" };
  return [{ key, ...place, detail: `"${key}" points to a secret that is not there: ${reason}` }];
}

function throwIfAny(problems: readonly ConfigProblem[]): void {
  const last = Number.MAX_SAFE_INTEGER;
  const [first, ...rest] = problems.toSorted((a, b) => (a.line ?? last) - (b.line ?? last));
  if (first !== undefined) throw new ConfigError(DOING, [first, ...rest]);
}
