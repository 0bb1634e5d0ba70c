import { CHANNEL_KINDS, CHANNEL_SETTINGS, SETTINGS, type Setting } from "./settings.ts";

export type ChannelKind = keyof typeof CHANNEL_KINDS;

/** Stands for any channel's name in the keys that `keys()` lists. */
const ANY_CHANNEL = "<name>";

const CHANNEL_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
/** `webhook` is the source of what comes to POST /webhook. */
const RESERVED_CHANNELS: ReadonlySet<string> = new Set(["webhook"]);

export const CHANNEL_NAME_ALLOWED =
  '1 to 64 characters of a-z 0-9 _ -, beginning with a letter or digit, and not "webhook"';

export function isChannelName(name: string): boolean {
  return CHANNEL_NAME.test(name) && !RESERVED_CHANNELS.has(name);
}

/** `whatsapp` and `github` are kinds of their own, every other name is `custom`. */
export function channelKind(name: string): ChannelKind {
  return name === "whatsapp" || name === "github" ? name : "custom";
}

/** The settings of `[channels.<name>]`. */
export function channelSettings(name: string): Readonly<Record<string, Setting>> {
  return { ...CHANNEL_KINDS[channelKind(name)], ...CHANNEL_SETTINGS };
}

/** The settings that stand directly in a table, by its dotted name; null when we have no such table. */
export function settingsOf(table: string): Readonly<Record<string, Setting>> | null {
  // `as`: Object.hasOwn has just said that it is one of the tables.
  if (Object.hasOwn(SETTINGS, table)) return SETTINGS[table as keyof typeof SETTINGS];
  const [root, name, ...rest] = table.split(".");
  if (root !== "channels" || name === undefined || rest.length > 0 || !isChannelName(name)) return null;
  return channelSettings(name);
}

/** Whether `path` is a table that holds settings or tables of ours. */
export function isTable(path: string): boolean {
  return path === "channels" || settingsOf(path) !== null;
}

/** The declaration of a dotted key; null when it is not one of ours. */
export function findSetting(key: string): Setting | null {
  const { table, name } = splitKey(key);
  const settings = settingsOf(table);
  return settings !== null && Object.hasOwn(settings, name) ? settings[name]! : null;
}

/** `gateway.rate_limit.enabled` → table `gateway.rate_limit`, name `enabled`. */
export function splitKey(key: string): { readonly table: string; readonly name: string } {
  const dot = key.lastIndexOf(".");
  return dot === -1 ? { table: "", name: key } : { table: key.slice(0, dot), name: key.slice(dot + 1) };
}

/** The channel that a key or table belongs to; null when it is none's. */
export function channelOf(key: string): string | null {
  const [root, name] = key.split(".");
  return root === "channels" && name !== undefined ? name : null;
}

export interface FixedSetting {
  readonly key: string;
  readonly table: string;
  readonly name: string;
  readonly setting: Setting;
}

/** The settings that exist whatever the file says, in the order of the declarations. */
export const FIXED_SETTINGS: readonly FixedSetting[] = Object.entries<Readonly<Record<string, Setting>>>(
  SETTINGS,
).flatMap(([table, settings]) =>
  Object.entries(settings).map(([name, setting]) => ({ key: `${table}.${name}`, table, name, setting })),
);

const FIXED_KEYS: readonly string[] = FIXED_SETTINGS.map(({ key }) => key);

/** Their keys. */
export function fixedKeys(): readonly string[] {
  return FIXED_KEYS;
}

/** Every known key; those of other channels than whatsapp and github are written `channels.<name>.…`. */
export function keys(): readonly string[] {
  const channels = ["whatsapp", "github", ANY_CHANNEL].flatMap((name) =>
    keysOf(`channels.${name}`, channelSettings(name)),
  );
  return [...fixedKeys(), ...channels];
}

export function keysOf(table: string, settings: Readonly<Record<string, Setting>>): readonly string[] {
  return Object.keys(settings).map((name) => `${table}.${name}`);
}

/** How a setting's value is written on a command line or in the environment. */
export function valueKind(setting: Setting): "switch" | "number" | "list" | "text" {
  if (setting.type === "boolean") return "switch";
  if (setting.type.endsWith("[]")) return "list";
  return /\bnumber\b/.test(setting.type) ? "number" : "text";
}
