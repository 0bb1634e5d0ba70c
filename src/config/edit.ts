import { type Clock, systemClock } from "../lib/clock.ts";
import type { Json } from "../lib/json.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { type Disk, systemDisk } from "./disk.ts";
import { createFirstFile } from "./first-file.ts";
import { problemsOfFile } from "./load.ts";
import { rewriteFile } from "./rewrite.ts";
import { editToml, type TomlEdits } from "./toml-edit.ts";

export interface EditOptions {
  readonly clock?: Clock;
  readonly disk?: Disk;
}

/**
 * Sets or (undefined) takes out those keys of config.toml; every other byte stays. A file that does not exist is made
 * first. The whole result is checked before it is written.
 * @throws ConfigReadOnly, ConfigNotWritten when the file cannot be written; ConfigError when the result could not be loaded.
 */
export function editConfig(
  path: string,
  edits: ReadonlyMap<string, Json | undefined>,
  options?: EditOptions,
): Promise<void> {
  return editConfigWith(path, () => edits, options);
}

/** The same with edits that depend on what the file holds at that moment. */
export async function editConfigWith(
  path: string,
  editsOf: (text: string) => TomlEdits,
  { clock = systemClock, disk = systemDisk }: EditOptions = {},
): Promise<void> {
  await createFirstFile(path, disk);
  const change = async (text: string): Promise<string> => {
    const before = await problemsOfFile(text, path);
    const after = editToml(text, editsOf(text));
    refuseNew(before, await problemsOfFile(after, path));
    return after;
  };
  await rewriteFile(path, change, { clock, disk });
}

/** What was wrong before is no reason to refuse: of two mistakes one has to be mended first. */
function refuseNew(before: readonly ConfigProblem[], after: readonly ConfigProblem[]): void {
  const known = new Set(before.map(({ key, detail }) => `${key} ${detail}`));
  const [first, ...rest] = after.filter(({ key, detail }) => !known.has(`${key} ${detail}`));
  if (first !== undefined) throw new ConfigError("Cannot change the configuration", [first, ...rest]);
}
