import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ended, type RunOptions, runCommand } from "../support/gateway-process.ts";

export interface Folder {
  readonly dir: string;
  /** Runs a command on the folder. */
  run(...args: string[]): Promise<Ended>;
  runWith(options: RunOptions, ...args: string[]): Promise<Ended>;
  config(): Promise<string>;
}

/** Works in a new folder on which no gateway runs; it is removed afterwards. `config`: what stands in its config.toml. */
export async function inFolder(
  command: readonly string[],
  work: (folder: Folder) => Promise<void>,
  config?: string,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "zeroclaw-"));
  const path = join(dir, "config.toml");
  try {
    if (config !== undefined) await Bun.write(path, config);
    await work({
      dir,
      run: (...args) => runCommand(command, args, dir),
      runWith: (options, ...args) => runCommand(command, args, dir, options),
      config: () => Bun.file(path).text(),
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
