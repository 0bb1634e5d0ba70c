import { Database } from "bun:sqlite";
import { existsSync, writeFileSync } from "node:fs";

export interface FolderLock {
  release(): void;
}

/**
 * Takes the lock of a folder, or null when another process has it. The operating system drops the lock of a process that
 * ends in any way, so no stale lock can be left behind. (Bun has no flock; an exclusive transaction on an empty database
 * is the same thing, and writes nothing.)
 */
export function lockFolder(path: string): FolderLock | null {
  if (!existsSync(path)) writeFileSync(path, "", { mode: 0o600, flag: "a" }); // SQLite would let others read it
  const database = new Database(path, { create: true, readwrite: true });
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY")) return null;
    throw error;
  }
  return { release: () => database.close() };
}
