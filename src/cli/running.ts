import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { STATE_FILES } from "../config/paths.ts";
import type { RunningFile } from "../gateway/running-file.ts";
import { isObject } from "../lib/json.ts";

/** The gateway that runs on this folder by its own account; null when there is none, or only a dead one's note. */
export async function readRunning(dir: string, alive: (pid: number) => boolean = isAlive): Promise<RunningFile | null> {
  const text = await readFile(join(dir, STATE_FILES.running), "utf8").catch(() => "");
  const running = parseRunning(text);
  return running && alive(running.pid) ? running : null;
}

function parseRunning(text: string): RunningFile | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { pid, host, port, started_at, version } = value;
  if (typeof pid !== "number" || !Number.isInteger(pid) || pid < 1) return null;
  if (typeof host !== "string" || typeof port !== "number") return null;
  return { pid, host, port, started_at: String(started_at ?? ""), version: String(version ?? "") };
}

/** Whether a process has this id, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing: it only asks
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
