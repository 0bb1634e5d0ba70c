import { Problem } from "../protocol/problem.ts";

/** Runs a write of config.toml. @throws Problem config_read_only, with `detail`, whatever it failed with */
export async function inFile<T>(detail: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw new Problem("config_read_only", { detail, cause });
  }
}

/** Runs a write of the store. @throws Problem store_unavailable, with `detail`, whatever it failed with */
export async function inStore<T>(detail: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw new Problem("store_unavailable", { detail, cause });
  }
}
