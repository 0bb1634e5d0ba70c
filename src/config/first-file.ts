import { link, mkdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Json } from "../lib/json.ts";
import { ConfigReadOnly } from "./config-error.ts";
import { type Disk, systemDisk } from "./disk.ts";
import { EXAMPLE_CHANNEL, exampleOf } from "./examples.ts";
import { channelSettings } from "./keys.ts";
import { errorCode } from "./secrets.ts";
import { SETTINGS, type Setting } from "./settings.ts";
import { tomlValue } from "./toml-value.ts";

/**
 * Makes config.toml when there is none, mode 0600, in a folder that is made with mode 0700. Returns whether it did. A file
 * that is there, or that another start makes at the same moment, stays as it is.
 * @throws ConfigReadOnly when it cannot be made.
 */
export async function createFirstFile(path: string, disk: Disk = systemDisk): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await createWhole(path, firstFileText(), disk);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new ConfigReadOnly(path, errorCode(error), { cause: error });
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}

/** Under another name first, so that nobody finds half of it. */
async function createWhole(path: string, text: string, disk: Disk): Promise<boolean> {
  if (await Bun.file(path).exists()) return false;
  const temporary = join(dirname(path), `.config.toml.${crypto.randomUUID()}`);
  await write(temporary, text, disk);
  try {
    // Unlike a rename, a link never replaces what is there.
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    return await createDirectly(path, text, disk);
  } finally {
    await unlink(temporary);
  }
}

/** For file systems without links. */
async function createDirectly(path: string, text: string, disk: Disk): Promise<boolean> {
  try {
    await write(path, text, disk);
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

async function write(path: string, text: string, disk: Disk): Promise<void> {
  const file = await disk.create(path);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

const WRITTEN_OUT: ReadonlySet<string> = new Set([
  "gateway.host",
  "gateway.port",
  "gateway.paired_tokens",
  ...Object.keys(SETTINGS["gateway.rate_limit"]).map((name) => `gateway.rate_limit.${name}`),
  ...Object.keys(SETTINGS["gateway.idempotency"]).map((name) => `gateway.idempotency.${name}`),
]);

const TOP = `# The configuration of "zeroclaw gateway". It is read at the start; paired_tokens is watched while the gateway runs.
# "zeroclaw config list" shows what is in effect, "zeroclaw config set <key> <value>" changes one line of this file.
# Lines that begin with "#" are settings at their defaults, or examples: remove the "#" to use one.
# "or:" stands before another way to say what a line above it says; only one of them can be used.
`;

/** The text of the first config.toml: the tables that everyone meets, then all other settings as comments. */
export function firstFileText(): string {
  const tables = Object.entries<Readonly<Record<string, Setting>>>(SETTINGS).map(([name, settings]) =>
    section(name, settings),
  );
  const channels = ["github", "whatsapp", EXAMPLE_CHANNEL].map((name) =>
    section(`channels.${name}`, channelSettings(name)),
  );
  return [TOP, ...tables, ...channels].join("\n");
}

/** Options of other schemes than the example's, which would be refused beside it. */
const LEFT_OUT: ReadonlySet<string> = new Set(["channels.shop.username"]);

/** The other way to say what a line above says: both together would be refused. */
const ALTERNATIVES: ReadonlySet<string> = new Set([
  "channels.whatsapp.app_secrets",
  "channels.github.secrets",
  "channels.shop.secrets",
  "channels.shop.id_field",
  "channels.shop.type_field",
]);

interface Line {
  readonly text: string;
  readonly about: string;
}

function section(table: string, settings: Readonly<Record<string, Setting>>): string {
  const written: Line[] = [];
  const commented: Line[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    const key = `${table}.${name}`;
    if (LEFT_OUT.has(key)) continue;
    const value: Json | undefined = setting.default ?? exampleOf(key);
    if (value === undefined)
      throw new Error(`Cannot write the first file: "${key}" has neither a default nor an example`);
    const text = `${name} = ${tomlValue(value)}`;
    const shown = WRITTEN_OUT.has(key);
    (shown ? written : commented).push({
      text: shown ? text : `# ${ALTERNATIVES.has(key) ? "or: " : ""}${text}`,
      about: setting.about,
    });
  }
  const header = written.length > 0 ? `[${table}]` : `# [${table}]`;
  return `${[header, ...aligned(written), ...aligned(commented)].join("\n")}\n`;
}

const WIDEST_ALIGNED = 72;

/** Comments of one block stand below each other, but for those behind the longest lines. */
function aligned(lines: readonly Line[]): readonly string[] {
  const width = Math.max(0, ...lines.map(({ text }) => text.length).filter((length) => length <= WIDEST_ALIGNED));
  return lines.map(({ text, about }) => `${text.padEnd(width)}   # ${about}`);
}
