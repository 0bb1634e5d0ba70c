import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { type FileHandle, open, readFile, realpath, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { decodeUtf8 } from "../lib/json.ts";
import { ConfigReadOnly } from "./config-error.ts";
import type { Disk } from "./disk.ts";
import { type FileLock, lockFile } from "./file-lock.ts";
import { backupPath } from "./paths.ts";
import { errorCode } from "./secrets.ts";

const MAX_TRIES = 10;
const READ_ONLY: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"]);
/** A file that is a mount point (a container's bind mount) cannot be replaced, only written. */
const NOT_REPLACEABLE: ReadonlySet<string> = new Set(["EBUSY", "EXDEV", ...READ_ONLY]);

const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);

export interface Rewriting {
  readonly clock: Clock;
  readonly disk: Disk;
}

/**
 * Replaces the text of a file that exists by what `change` makes of it. Other processes of ours wait; an edit that a
 * person saves meanwhile is not lost, `change` then starts again from it. Afterwards the file holds the old text or the
 * new one, whatever happens in between, and its mode is 0600. A symbolic link stays one: its target changes.
 * @throws ConfigReadOnly when the file cannot be written; whatever `change` throws, with nothing written.
 */
export async function rewriteFile(
  path: string,
  change: (text: string) => string | Promise<string>,
  { clock, disk }: Rewriting,
): Promise<void> {
  // A file that its owner made read-only could be replaced all the same, since that takes only its folder.
  if (!(await disk.canWrite(path))) throw new ConfigReadOnly(path, "no permission to write it");
  const lock = await lockOf(path, clock, disk);
  try {
    for (let tries = 1; ; tries += 1) {
      if (await attempt(path, change, lock, disk)) return;
      if (tries === MAX_TRIES) throw new Error(`Cannot change "${path}": it is changed all the time by someone else`);
    }
  } finally {
    await lock.release();
  }
}

async function lockOf(path: string, clock: Clock, disk: Disk): Promise<FileLock> {
  if (!(await disk.canWrite(dirname(path)))) throw new ConfigReadOnly(path, "no permission to write its folder");
  try {
    return await lockFile(`${path}.lock`, clock);
  } catch (error) {
    if (READ_ONLY.has(errorCode(error))) throw new ConfigReadOnly(path, errorCode(error), { cause: error });
    throw error;
  }
}

/** False when someone else has changed the file since it was read. */
async function attempt(
  path: string,
  change: (text: string) => string | Promise<string>,
  lock: FileLock,
  disk: Disk,
): Promise<boolean> {
  const target = await realpath(path);
  const before = await readFile(target);
  const text = decodeUtf8(before);
  if (text === null) throw new Error(`Cannot change "${path}": it is not UTF-8 text. Save it as UTF-8.`);
  // The decoder drops a byte order mark; it is the file's, so it comes back.
  const mark = before.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : Buffer.alloc(0);
  const after = Buffer.concat([mark, Buffer.from(await change(text))]);
  if (before.equals(after)) return true;
  const unchanged = async () => (await lock.held()) && before.equals(await readFile(target));
  try {
    return await replace(target, after, unchanged, disk);
  } catch (error) {
    if (!NOT_REPLACEABLE.has(errorCode(error))) throw error;
    return await overwrite(path, target, before, after, unchanged, disk);
  }
}

/** Writes a new file beside the old one and puts it in its place: nobody ever sees half of it. */
async function replace(
  target: string,
  bytes: Uint8Array,
  unchanged: () => Promise<boolean>,
  disk: Disk,
): Promise<boolean> {
  const temporary = join(dirname(target), `.config.toml.${randomUUID()}`);
  const file = await disk.create(temporary);
  try {
    try {
      await keepOwner(file, await stat(target));
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await unchanged())) return false;
    await disk.rename(temporary, target);
  } finally {
    await unlink(temporary).catch(() => {}); // it is there only when it was not put in place
  }
  await syncFolder(dirname(target));
  return true;
}

/** `sudo zeroclaw config set` must not leave a file that the gateway's own user cannot read. */
async function keepOwner(file: FileHandle, old: Stats): Promise<void> {
  const { uid, gid } = await file.stat();
  if (uid !== old.uid || gid !== old.gid) await file.chown(old.uid, old.gid);
}

/** Writes into the file itself, with a copy of the old text on disk until that is done. */
async function overwrite(
  path: string,
  target: string,
  before: Uint8Array,
  after: Uint8Array,
  unchanged: () => Promise<boolean>,
  disk: Disk,
): Promise<boolean> {
  const backup = backupPath(path);
  try {
    await writeBackup(backup, before, disk);
    const written = (await unchanged()) && (await overwriteWith(target, after, before));
    await unlink(backup);
    return written;
  } catch (error) {
    if (READ_ONLY.has(errorCode(error))) throw new ConfigReadOnly(path, errorCode(error), { cause: error });
    throw error;
  }
}

async function overwriteWith(target: string, after: Uint8Array, before: Uint8Array): Promise<true> {
  const file = await open(target, "r+");
  try {
    await fill(file, after).catch(async (error: unknown) => {
      await fill(file, before); // a full disk has room for what was there
      throw error;
    });
    await file.chmod(0o600).catch(() => {}); // another user's file stays as that user made it
    await file.sync();
  } finally {
    await file.close();
  }
  return true;
}

async function fill(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten;
  await file.truncate(bytes.length);
}

async function writeBackup(backup: string, bytes: Uint8Array, disk: Disk): Promise<void> {
  await unlink(backup).catch(() => {}); // of an earlier, interrupted write
  const file = await disk.create(backup);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(backup));
}

/** Makes the entries of a folder durable. Some file systems cannot, and then there is nothing to do. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
