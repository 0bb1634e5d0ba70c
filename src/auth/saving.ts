import { Problem } from "../protocol/problem.ts";

/**
 * Runs a write of config.toml. @throws Problem config_read_only, with `detail`, whatever it failed with; when that was not a
 * file that cannot be written (it is broken, or another process holds it), the reason is told as well
 */
export async function inFile<T>(detail: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    const reason = cause instanceof Error && cause.name !== "ConfigReadOnly" ? ` ${firstLine(cause.message)}` : "";
    throw new Problem("config_read_only", { detail: `${detail}${reason}`, cause });
  }
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}

/** Runs a write of the store. @throws Problem store_unavailable, with `detail`, whatever it failed with */
export async function inStore<T>(detail: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw new Problem("store_unavailable", { detail, cause });
  }
}
