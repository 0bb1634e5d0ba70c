import type { Json } from "../lib/json.ts";
import type { ConfigProblem } from "./config-error.ts";
import { channelOf, channelSettings, findSetting, fixedKeys, isChannelName, keysOf } from "./keys.ts";
import { nearest } from "./nearest.ts";
import type { Environment } from "./paths.ts";
import { RUST_ENVIRONMENT } from "./rust-keys.ts";
import { parseSetting } from "./value-text.ts";

export interface EnvironmentLayer {
  readonly values: ReadonlyMap<string, Json>;
  /** The channels that some variable speaks of. */
  readonly channels: readonly string[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly string[];
}

const PREFIX = "ZEROCLAW_";
const OURS = /^ZEROCLAW_.*__/i;

/** Pairing writes it, and values from the environment are never written: a list in both places could not be kept together. */
const FILE_ONLY = "gateway.paired_tokens";
const FILE_ONLY_PROBLEM = {
  detail: "paired tokens are kept in config.toml only, because pairing and revoking write them there",
  allowed: "no value from the environment",
  hint: "Put the token into gateway.paired_tokens in config.toml, or pair with the printed code.",
} as const;

/** `gateway.rate_limit.enabled` → `ZEROCLAW_GATEWAY__RATE_LIMIT__ENABLED` */
export function environmentName(key: string): string {
  return PREFIX + key.replaceAll(".", "__").replaceAll("-", "_").toUpperCase();
}

/** The settings in the environment. Empty values are ignored. `channels` are those of the file, whose names may have dashes. */
export function readEnvironment(env: Environment, channels: readonly string[]): EnvironmentLayer {
  const values = new Map<string, Json>();
  const found = new Set<string>();
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || text === "" || !name.toUpperCase().startsWith(PREFIX)) continue;
    if (Object.hasOwn(RUST_ENVIRONMENT, name)) warnings.push(rustWarning(name));
    if (!OURS.test(name)) continue;
    const key = keyOf(name, channels);
    const setting = key === null ? null : findSetting(key);
    if (key === null || setting === null) {
      problems.push(unknownName(name, channels));
      continue;
    }
    if (key === FILE_ONLY) {
      problems.push({ key, where: variable(name), ...FILE_ONLY_PROBLEM });
      continue;
    }
    const channel = channelOf(key);
    if (channel !== null) found.add(channel);
    const parsed = parseSetting(key, setting, text);
    if (parsed.ok) values.set(key, parsed.value);
    else problems.push({ key, where: variable(name), detail: parsed.detail, allowed: setting.allowed });
  }
  return { values, channels: [...found], problems, warnings };
}

/** `ZEROCLAW_CHANNELS__MY_SHOP__SECRET` → `channels.my-shop.secret` when the file has that channel, else `channels.my_shop.secret`. */
function keyOf(name: string, channels: readonly string[]): string | null {
  if (name !== name.toUpperCase()) return null;
  const parts = name.slice(PREFIX.length).toLowerCase().split("__");
  if (parts[0] !== "channels" || parts.length < 3) return parts.join(".");
  const written = parts.slice(1, -1).join("__"); // a channel's name may hold two underscores, a key's does not
  const channel = channels.includes(written) ? written : channels.find((each) => each.replaceAll("-", "_") === written);
  return `channels.${channel ?? written}.${parts.at(-1)}`;
}

function unknownName(name: string, channels: readonly string[]): ConfigProblem {
  const guess = channelOf(keyOf(name.toUpperCase(), channels) ?? "");
  const names = new Set([
    "whatsapp",
    "github",
    ...channels,
    ...(guess !== null && isChannelName(guess) ? [guess] : []),
  ]);
  const keys = [...fixedKeys(), ...[...names].flatMap((each) => keysOf(`channels.${each}`, channelSettings(each)))];
  const meant = nearest(name, keys.map(environmentName));
  const suggestion = meant === null ? "" : ` Did you mean ${meant}?`;
  return {
    key: name,
    where: variable(name),
    detail: `no setting has this name.${suggestion}`,
    hint: 'Names are ZEROCLAW_<TABLE>__<KEY> in upper case; "zeroclaw config list" shows the keys.',
    ...(meant === null ? {} : { nearest: meant }),
  };
}

function variable(name: string): string {
  return `the environment variable ${name}`;
}

function rustWarning(name: string): string {
  return `${name} is a variable of the Rust ZeroClaw and is not read; the gateway's is ${RUST_ENVIRONMENT[name]}`;
}
