import type { Stats } from "node:fs";
import { type FileHandle, open, readFile, realpath, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { decodeUtf8 } from "../lib/json.ts";
import { ConfigNotWritten, ConfigReadOnly } from "./config-error.ts";
import type { Disk } from "./disk.ts";
import { type FileLock, lockFile } from "./file-lock.ts";
import { backupPath } from "./paths.ts";
import { errorCode } from "./secrets.ts";

const MAX_TRIES = 10;
const READ_ONLY: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS"]);
/** A file that is a mount point (a container's bind mount) cannot be replaced, only written. */
const NOT_REPLACEABLE: ReadonlySet<string> = new Set(["EBUSY", "EXDEV", ...READ_ONLY]);

const TEMPORARY = ".config.toml.new";
const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);

export interface Rewriting {
  readonly clock: Clock;
  readonly disk: Disk;
}

/**
 * Replaces the text of a file that exists by what `change` makes of it. Other processes of ours wait; an edit that a
 * person saves meanwhile is not lost, `change` then starts again from it. Afterwards the file holds the old text or the
 * new one, whatever happens in between, and its mode is 0600. A symbolic link stays one: its target changes.
 * @throws ConfigReadOnly when the file may not be written; ConfigNotWritten when the disk is full or fails; whatever `change`
 * throws, with nothing written.
 */
export async function rewriteFile(
  path: string,
  change: (text: string) => string | Promise<string>,
  { clock, disk }: Rewriting,
): Promise<void> {
  // A file that its owner made read-only could be replaced all the same, since that takes only its folder.
  if (!disk.canWrite(path)) throw new ConfigReadOnly(path, "no permission to write it");
  try {
    await rewriteLocked(path, change, clock, disk);
  } catch (error) {
    const code = errorCode(error);
    if (isOurs(error) || !/^E[A-Z0-9]+$/.test(code)) throw error;
    throw new ConfigNotWritten(path, code, null, { cause: error });
  }
}

function isOurs(error: unknown): boolean {
  return error instanceof ConfigReadOnly || error instanceof ConfigNotWritten;
}

async function rewriteLocked(
  path: string,
  change: (text: string) => string | Promise<string>,
  clock: Clock,
  disk: Disk,
): Promise<void> {
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
  if (!disk.canWrite(dirname(path))) throw new ConfigReadOnly(path, "no permission to write its folder");
  try {
    return await lockFile(`${path}.lock`, clock);
  } catch (error) {
    if (READ_ONLY.has(errorCode(error))) throw new ConfigReadOnly(path, errorCode(error), { cause: error });
    throw error;
  }
}

/** One try to bring a file from `before` to `after`. */
interface Attempt {
  readonly path: string;
  /** What `path` is a link to, or `path`. */
  readonly target: string;
  readonly before: Buffer;
  readonly after: Buffer;
  readonly disk: Disk;
  /** Whether the file is still `before`, and the lock ours. */
  unchanged(): Promise<boolean>;
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
  const attempt: Attempt = { path, target, before, after, disk, unchanged };
  try {
    return await replace(attempt);
  } catch (error) {
    if (!NOT_REPLACEABLE.has(errorCode(error))) throw error;
  }
  try {
    return await overwrite(attempt);
  } catch (error) {
    if (READ_ONLY.has(errorCode(error))) throw new ConfigReadOnly(path, errorCode(error), { cause: error });
    throw error;
  }
}

/** Writes a new file beside the old one and puts it in its place: nobody ever sees half of it. */
async function replace({ target, after, disk, unchanged }: Attempt): Promise<boolean> {
  // Always the same name: who holds the lock clears away what a process that was killed has left.
  const temporary = join(dirname(target), TEMPORARY);
  await remove(temporary);
  const file = await disk.create(temporary);
  try {
    try {
      await keepOwner(file, await stat(target));
      await file.writeFile(after);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await unchanged())) return false;
    await disk.rename(temporary, target);
  } finally {
    await remove(temporary); // it is there only when it was not put in place
  }
  await syncFolder(dirname(target));
  return true;
}

/** `sudo zeroclaw config set` must not leave a file that the gateway's own user cannot read. */
async function keepOwner(file: FileHandle, old: Stats): Promise<void> {
  const { uid, gid } = await file.stat();
  if (uid !== old.uid || gid !== old.gid) await file.chown(old.uid, old.gid);
}

/** Writes into the file itself, with a copy of the old text on disk until the file is whole again. */
async function overwrite(attempt: Attempt): Promise<boolean> {
  const { path, target, before, disk, unchanged } = attempt;
  const backup = backupPath(path);
  const file = await disk.openInPlace(target);
  try {
    await writeBackup(backup, before, disk);
    const isUnchanged = await unchanged();
    const failure = isUnchanged ? await fillOrRestore(file, attempt) : null;
    await remove(backup);
    if (failure !== null) throw failure;
    return isUnchanged;
  } finally {
    await file.close();
  }
}

/** Null when `after` is in the file; why it is not, when `before` could be put back; throws when neither is. */
async function fillOrRestore(file: FileHandle, { path, before, after }: Attempt): Promise<Error | null> {
  const failure = await fill(file, after).then(() => null, asError);
  try {
    // A full disk has room for what was there.
    if (failure !== null) await fill(file, before);
    await file.chmod(0o600).catch(() => {}); // another user's file stays as that user made it
    await file.sync();
  } catch (error) {
    throw new ConfigNotWritten(path, errorCode(error), backupPath(path), { cause: error });
  }
  return failure;
}

async function fill(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten;
  await file.truncate(bytes.length);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

async function writeBackup(backup: string, bytes: Buffer, disk: Disk): Promise<void> {
  await remove(backup); // of an earlier, interrupted write
  const file = await disk.create(backup);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await remove(backup); // half a backup helps nobody
    throw error;
  } finally {
    await file.close();
  }
  await syncFolder(dirname(backup));
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => {}); // gone already is as good
}

/** Makes the entries of a folder durable. Some file systems cannot, and then there is nothing to do. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
