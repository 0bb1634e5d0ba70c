import { accessSync, constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "./secrets.ts";

/** The few acts of writing that fail in ways a test cannot bring about by itself: mount points, read-only file systems. */
export interface Disk {
  /** Whether a file or folder can be written; true as well when it does not exist. */
  canWrite(path: string): boolean;
  /** Makes a file that must not exist yet, mode 0600. */
  create(path: string): Promise<FileHandle>;
  /** Opens a file that exists, to be written where it is. */
  openInPlace(path: string): Promise<FileHandle>;
  rename(from: string, to: string): Promise<void>;
}

export const systemDisk: Disk = {
  canWrite(path) {
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch (error) {
      return errorCode(error) === "ENOENT";
    }
  },
  create: async (path) => (await promises()).open(path, "wx", 0o600),
  openInPlace: async (path) => (await promises()).open(path, "r+"),
  rename: async (from, to) => (await promises()).rename(from, to),
};

/** Loaded by the first write: a start that writes nothing is 1.5 MB smaller without it. */
function promises(): Promise<typeof import("node:fs/promises")> {
  return import("node:fs/promises");
}

/** Whether the file, or the folder that it is in, cannot be written. What does not exist yet can. */
export function isReadOnly(path: string, disk: Disk = systemDisk): boolean {
  return !(disk.canWrite(dirname(path)) && disk.canWrite(path));
}
