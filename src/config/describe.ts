import type { Json } from "../lib/json.ts";
import { ConfigError } from "./config-error.ts";
import type { Source } from "./effective.ts";
import {
  channelOf,
  channelSettings,
  findSetting,
  fixedKeys,
  isTable,
  keysOf,
  pathOf,
  settingsOf,
  splitKey,
} from "./keys.ts";
import type { LoadedConfig } from "./load.ts";
import { nearest } from "./nearest.ts";
import { withoutCredentials } from "./secrets.ts";
import type { Setting } from "./settings.ts";
import { explainUnknown } from "./unknown-key.ts";
import { parseSetting } from "./value-text.ts";

/** One line of `zeroclaw config list` and of `GET /api/config`. */
export interface SettingRow {
  readonly key: string;
  /** A secret is only "[set]" or "[not set]"; null when there is no value. */
  readonly value: Json;
  /** Null when there is no value. */
  readonly source: Source | null;
  readonly default: Json;
  /** What is allowed, in words. */
  readonly allowed: string;
  readonly about: string;
}

type Described = Pick<LoadedConfig, "config" | "sources">;

/** Every setting with its effective value: those of the fixed tables, then those of each channel that is configured. */
export function describeConfig(loaded: Described): readonly SettingRow[] {
  const channels = Object.keys(loaded.config.channels).flatMap((name) =>
    keysOf(`channels.${name}`, channelSettings(name)),
  );
  return [...fixedKeys(), ...channels].flatMap((key) => {
    const setting = findSetting(key);
    return setting === null ? [] : [row(loaded, key, setting)];
  });
}

/**
 * The value of a key, or of all keys of a table as an object; secrets as in the rows.
 * @throws ConfigError when there is no such key.
 */
export function getKey(loaded: Described, key: string): Json {
  const setting = findSetting(key);
  if (setting !== null) return row(loaded, key, setting).value;
  if (!isTable(key)) throw unknownKey(key);
  const channel = channelOf(key);
  if (channel !== null && !(channel in loaded.config.channels)) throw unknownChannel(key, channel, loaded);
  const root: Record<string, Json> = {};
  for (const { key: each, value } of describeConfig(loaded)) {
    if (each.startsWith(`${key}.`)) put(root, each.slice(key.length + 1).split("."), value);
  }
  return root;
}

/** The channel that a known key speaks of and that is not configured; null when it is, or the key is no channel's. */
export function absentChannel({ config }: Described, key: string): string | null {
  const channel = findSetting(key) === null ? null : channelOf(key);
  return channel === null || channel in config.channels ? null : channel;
}

/** Text of a command line as the value of a key. @throws ConfigError when the key is unknown or the value not allowed. */
export function parseValue(key: string, text: string): Json {
  const setting = findSetting(key);
  if (setting === null) throw unknownKey(key);
  const parsed = parseSetting(key, setting, text);
  if (parsed.ok) return parsed.value;
  const problem = { key, where: "", detail: parsed.detail, allowed: setting.allowed };
  throw new ConfigError("Cannot use that value", [problem]);
}

function row(loaded: Described, key: string, setting: Setting): SettingRow {
  const source = loaded.sources.get(key) ?? null;
  return {
    key,
    value: shownValue(loaded, key, setting, source),
    source,
    default: setting.default ?? null,
    allowed: setting.allowed,
    about: setting.about,
  };
}

function shownValue(loaded: Described, key: string, setting: Setting, source: Source | null): Json {
  // Hashes tell nothing about the tokens, and people compare them with what devices they know.
  if (setting.secret && key !== "gateway.paired_tokens") return source === null ? "[not set]" : "[set]";
  const value = pathOf(key).reduce<unknown>((at, name) => (hasOwn(at, name) ? at[name] : undefined), loaded.config);
  if (typeof value === "string") return withoutCredentials(value);
  return (value ?? null) as Json; // Config holds nothing but JSON
}

function hasOwn(value: unknown, name: string): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name);
}

function put(root: Record<string, Json>, path: readonly string[], value: Json): void {
  let at = root;
  for (const name of path.slice(0, -1)) {
    const inner: Record<string, Json> = Object.hasOwn(at, name) ? (at[name] as Record<string, Json>) : {}; // made below
    at[name] = inner;
    at = inner;
  }
  at[path.at(-1)!] = value; // a key has at least one part
}

function unknownChannel(key: string, name: string, { config }: Described): ConfigError {
  const names = Object.keys(config.channels);
  const hint = names.length === 0 ? "No channel is configured." : `Configured: ${names.join(", ")}.`;
  return new ConfigError("Cannot find the setting", [
    { key, where: "", detail: `there is no channel "${name}"`, hint },
  ]);
}

function unknownKey(key: string): ConfigError {
  const { table } = splitKey(key);
  const settings = settingsOf(table);
  const candidates = [
    ...fixedKeys(),
    ...["github", "whatsapp"].flatMap((name) => keysOf(`channels.${name}`, channelSettings(name))),
  ];
  const meant = settings === null ? nearest(key, candidates) : null;
  const explanation =
    settings !== null
      ? explainUnknown(key.split("."), settings)
      : {
          detail: `unknown key "${key}"${meant === null ? "" : `. Did you mean "${meant}"?`}`,
          hint: '"zeroclaw config list" shows all keys.',
          ...(meant === null ? {} : { nearest: meant }),
        };
  return new ConfigError("Cannot find the setting", [{ key, where: "", ...explanation }]);
}
