import type { Json } from "../../lib/json.ts";
import type { FoundKey } from "./detect.ts";
import type { FoundProgram } from "./find-programs.ts";
import type { FoundServer } from "./find-servers.ts";

/** What to write so that something that was found answers: as commands, or as lines of config.toml. */
export interface Enabling {
  readonly commands: readonly string[];
  readonly toml: string;
}

/** Settings under `[agent]` that stand in the file, e.g. `base_url`. */
export type InFile = (name: string) => boolean;

/** Stands for a model's name where nothing says which there are. */
const A_MODEL = "<model>";

export function enablingServer({ provider, models, chat_model }: FoundServer, inFile: InFile): Enabling {
  const model = chat_model ?? models[0] ?? A_MODEL;
  // An address that was written for another server would win, and a key written for one would be sent to this.
  return enabling({ kind: "model", provider, model }, ["base_url", "api_key"].filter(inFile));
}

export function enablingProgram({ command }: FoundProgram): Enabling {
  return enabling({ kind: "acp", command }, []);
}

export function enablingKey({ provider, name }: FoundKey, inFile: InFile): Enabling {
  return enabling({ kind: "model", provider, model: A_MODEL, api_key: `env:${name}` }, ["base_url"].filter(inFile));
}

/** `kind` is set last: until then everything is as it was. */
function enabling(settings: Readonly<Record<string, Json>>, inTheWay: readonly string[]): Enabling {
  const { kind, ...rest } = settings;
  const set = ([name, value]: readonly [string, Json | undefined]) =>
    `zeroclaw config set agent.${name} ${shellWord(typeof value === "string" ? value : JSON.stringify(value))}`;
  return {
    commands: [
      ...Object.entries(rest).map(set),
      ...inTheWay.map((name) => `zeroclaw config unset agent.${name}`),
      set(["kind", kind]),
    ],
    toml: ["[agent]", ...Object.entries(settings).map(([name, value]) => `${name} = ${tomlValue(value)}`)].join("\n"),
  };
}

/** A word that a POSIX shell takes as it is. Names of models are other people's text. */
function shellWord(text: string): string {
  return /^[\w@%+:,./=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A string or a list of strings. JSON's are TOML's (TOML 1.0, basic strings). */
function tomlValue(value: Json): string {
  return Array.isArray(value) ? `[${value.map((each) => JSON.stringify(each)).join(", ")}]` : JSON.stringify(value);
}
