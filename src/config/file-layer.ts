import type { Json } from "../lib/json.ts";
import { showFound } from "../protocol/check.ts";
import type { ConfigProblem } from "./config-error.ts";
import { findSetting, isTable, settingsOf, valueKind } from "./keys.ts";
import { checkSetting } from "./setting-check.ts";
import { SETTINGS, type Setting } from "./settings.ts";
import { findInMap, lineAt, mapToml, type TomlMap } from "./toml-map.ts";
import { isTomlTable } from "./toml-read.ts";
import { dotted, type Explanation, explainUnknown } from "./unknown-key.ts";

export interface FileLayer {
  /** Dotted key → checked value. */
  readonly values: ReadonlyMap<string, Json>;
  /** The `[channels.<name>]` that are there, also those without a single key. */
  readonly channels: readonly string[];
  /** Top-level keys and tables that are not ours. */
  readonly foreign: readonly string[];
  readonly problems: readonly ConfigProblem[];
  /** Where a key or table stands, for messages. */
  readonly placeOf: (path: readonly string[]) => Place;
}

export type Place = Pick<ConfigProblem, "where" | "line">;

/** Takes the settings out of a parsed file. `where` is the file's name for messages. */
export function readFileLayer(table: Readonly<Record<string, unknown>>, text: string, where: string): FileLayer {
  return new FileReader(text, where).read(table);
}

const ROOTS: ReadonlySet<string> = new Set(
  Object.keys(SETTINGS)
    .map((table) => table.split(".")[0]!)
    .concat("channels"),
);

class FileReader {
  readonly #text: string;
  readonly #where: string;
  readonly #values = new Map<string, Json>();
  readonly #channels: string[] = [];
  readonly #problems: ConfigProblem[] = [];
  /** Made only when there is a line to tell. */
  #map: TomlMap | null = null;

  constructor(text: string, where: string) {
    this.#text = text;
    this.#where = where;
  }

  read(table: Readonly<Record<string, unknown>>): FileLayer {
    const foreign: string[] = [];
    for (const [key, value] of Object.entries(table)) {
      if (ROOTS.has(key)) this.#table([key], value);
      else foreign.push(key);
    }
    const placeOf = (path: readonly string[]) => this.#placeOf(path);
    return { values: this.#values, channels: this.#channels, foreign, problems: this.#problems, placeOf };
  }

  #table(path: readonly string[], value: unknown): void {
    const name = path.join(".");
    if (!isTomlTable(value)) {
      const allowed = `a table: [${name}]`;
      this.#problem(path, { detail: `"${name}" must be ${allowed} (found ${showFound(value)})`, allowed });
      return;
    }
    if (path[0] === "channels" && path.length === 2) this.#channels.push(path[1]!); // its length is 2
    const settings = settingsOf(name) ?? {};
    for (const [key, inner] of Object.entries(value)) {
      const innerPath = [...path, key];
      if (Object.hasOwn(settings, key)) this.#setting(innerPath, settings[key]!, inner);
      else if (!key.includes(".") && isTable(innerPath.join("."))) this.#table(innerPath, inner);
      else this.#problem(innerPath, explainUnknown(innerPath, settings));
    }
  }

  #setting(path: readonly string[], setting: Setting, found: unknown): void {
    if (valueKind(setting) === "table" && isTomlTable(found)) {
      this.#entries(path, found);
      return;
    }
    const key = path.join(".");
    const checked = checkSetting(key, setting, found);
    if (checked.ok) this.#values.set(key, checked.value);
    else this.#problem(path, { detail: checked.detail, allowed: setting.allowed, hint: repairHint(key, setting) });
  }

  /** A setting whose value is a table: what is wrong with an entry is told with the entry's line. */
  #entries(path: readonly string[], table: Readonly<Record<string, unknown>>): void {
    const before = this.#problems.length;
    for (const [entry, found] of Object.entries(table)) {
      const entryPath = [...path, entry];
      const key = entryPath.join(".");
      const setting = findSetting(key);
      const checked = setting === null ? null : checkSetting(key, setting, found);
      if (setting === null) this.#problem(entryPath, { detail: `"${key}" has no name behind the last dot` });
      else if (checked?.ok === false) {
        const hint = isTomlTable(found) ? quotesHint(path, entry, found) : repairHint(key, setting);
        this.#problem(entryPath, { detail: checked.detail, allowed: setting.allowed, hint });
      }
    }
    if (this.#problems.length === before) this.#values.set(path.join("."), { ...table } as Json); // each is text
  }

  #problem(path: readonly string[], explanation: Explanation): void {
    this.#problems.push({ key: path.join("."), ...this.#placeOf(path), ...explanation });
  }

  #placeOf(path: readonly string[]): Place {
    const line = this.#lineOf(path);
    return line === null ? { where: this.#where } : { where: `${this.#where} line ${line}`, line };
  }

  #lineOf(path: readonly string[]): number | null {
    try {
      this.#map ??= mapToml(this.#text);
      const at = findInMap(this.#map, path);
      return at === null ? null : lineAt(this.#text, at);
    } catch {
      return null; // nested deeper than the stack: the problem is told without its line
    }
  }
}

/** `issues.opened = "…"` is a table in a table. */
function quotesHint(path: readonly string[], entry: string, inner: Readonly<Record<string, unknown>>): string {
  const name = `${entry}.${Object.keys(inner)[0] ?? "opened"}`;
  return `A name with a dot is written in quotes: ${dotted([...path, name])} = "…"`;
}

function repairHint(key: string, setting: Setting): string {
  if (key === "gateway.paired_tokens") {
    return "Take that entry out of the list. (To unset the whole list would log out every paired device.)";
  }
  if (setting.default === undefined) return `Change the line, or remove it: zeroclaw config unset ${key}`;
  return `The default is ${JSON.stringify(setting.default)}: zeroclaw config unset ${key}`;
}
