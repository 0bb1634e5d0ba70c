import { homedir } from "node:os";
import { join, resolve } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the gateway keeps beside `config.toml`. */
export const STATE_FILES = {
  database: "state.db",
  /** The Unix socket of this machine's commands. */
  socket: "gateway.sock",
  /** Held by the one gateway that runs on the folder. */
  lock: "gateway.lock",
  /** The running gateway's pid and port. */
  running: "gateway.json",
} as const;

/** The folder of the configuration and the state: `$ZEROCLAW_CONFIG_DIR`, else `~/.zeroclaw`. Absolute. */
export function configDir(env: Environment): string {
  const given = env["ZEROCLAW_CONFIG_DIR"];
  if (given === undefined || given === "") return join(homeDir(env), ".zeroclaw");
  // Unit files and .env files set variables without a shell, which would have replaced the tilde.
  if (given === "~" || given.startsWith("~/")) return join(homeDir(env), given.slice(1));
  return resolve(given);
}

export function configPath(dir: string): string {
  return join(dir, "config.toml");
}

/** The old text of a file while it is written in place; left behind only when that was interrupted. */
export function backupPath(path: string): string {
  return `${path}.bak`;
}

/** A path as people write it: `~/.zeroclaw/config.toml`. */
export function displayPath(path: string, env: Environment): string {
  const home = homeDir(env);
  return path.startsWith(`${home}/`) && home !== "/" ? `~${path.slice(home.length)}` : path;
}

function homeDir(env: Environment): string {
  return env["HOME"] || env["USERPROFILE"] || homedir();
}
