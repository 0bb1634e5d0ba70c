import { readFileSync, rmSync, writeFileSync } from "node:fs";

/** What `gateway.json` says while a gateway runs on the folder: for messages to people, never trusted for a decision. */
export interface RunningFile {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  readonly started_at: string;
  readonly version: string;
}

export function writeRunningFile(path: string, file: RunningFile): void {
  try {
    writeFileSync(path, `${JSON.stringify(file)}\n`, { mode: 0o600 });
  } catch {
    // A message will be less helpful; whether the folder can be used at all, the store finds out.
  }
}

export function readRunningFile(path: string): RunningFile | null {
  try {
    const file: unknown = JSON.parse(readFileSync(path, "utf8"));
    const known = typeof file === "object" && file !== null && "pid" in file && "port" in file && "host" in file;
    return known ? (file as RunningFile) : null; // only shown to people, so its presence is enough
  } catch {
    return null;
  }
}

export function removeRunningFile(path: string): void {
  rmSync(path, { force: true });
}
