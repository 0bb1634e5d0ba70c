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

/** The declaration of a dotted key, or of one entry of a table-valued one; null when it is not one of ours. */
export function findSetting(key: string): Setting | null {
  const { table, name, entry } = splitKey(key);
  if (entry !== null) return entrySetting(key, entry);
  const settings = settingsOf(table);
  return settings !== null && Object.hasOwn(settings, name) ? settings[name]! : null;
}

export interface KeyParts {
  readonly table: string;
  readonly name: string;
  /** The entry of a setting whose value is a table; null when the key is a setting's. It may hold dots. */
  readonly entry: string | null;
}

/**
 * `gateway.rate_limit.enabled` → table `gateway.rate_limit`, name `enabled`;
 * `channels.github.prompts.issues.opened` → table `channels.github`, name `prompts`, entry `issues.opened`.
 */
export function splitKey(key: string): KeyParts {
  const [root, channel, setting, ...entry] = key.split(".");
  if (root === "channels" && entry.length > 0 && setting !== undefined && isTableValued(setting)) {
    return { table: `${root}.${channel}`, name: setting, entry: entry.join(".") };
  }
  const dot = key.lastIndexOf(".");
  const [table, name] = dot === -1 ? ["", key] : [key.slice(0, dot), key.slice(dot + 1)];
  return { table, name, entry: null };
}

/** Where a dotted key stands in the file: `["channels", "github", "prompts", "issues.opened"]`. */
export function pathOf(key: string): readonly string[] {
  const { table, name, entry } = splitKey(key);
  if (entry === null) return key.split(".");
  return [...table.split("."), name, entry];
}

/** Only settings that every channel has are tables, so that their names say it. */
function isTableValued(name: string): boolean {
  if (!Object.hasOwn(CHANNEL_SETTINGS, name)) return false;
  return valueKind(CHANNEL_SETTINGS[name as keyof typeof CHANNEL_SETTINGS]) === "table"; // Object.hasOwn has just said so
}

/** One entry is checked like the whole table, and only shown by itself. */
function entrySetting(key: string, entry: string): Setting | null {
  const whole = findSetting(key.slice(0, -entry.length - 1));
  if (whole === null || entry === "") return null;
  return { type: "string", allowed: CHANNEL_SETTINGS.prompt.allowed, about: `${whole.about} (${entry})` };
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
export function valueKind(setting: Setting): "switch" | "number" | "list" | "table" | "text" {
  if (setting.type === "boolean") return "switch";
  if (setting.type.endsWith("[]")) return "list";
  if (setting.type.startsWith("Record<")) return "table";
  return /\bnumber\b/.test(setting.type) ? "number" : "text";
}
