import { open, readFile, stat, unlink } from "node:fs/promises";
import { type Clock, sleep } from "../lib/clock.ts";
import { errorCode } from "./secrets.ts";

const WAIT_MS = 5_000;
const RETRY_MS = 25;
/** An edit takes milliseconds: a lock this old was left by a process that ended, its pid perhaps taken by another since. */
const STALE_MS = 30_000;
/** A lock without a pid was cut off between being made and being marked, which takes microseconds. */
const UNMARKED_MS = 1_000;

export interface FileLock {
  /** Whether the lock is still ours: a process that slept past STALE_MS may have lost it. */
  held(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Takes the lock file at `path`, for which other processes are waited up to 5 s. A lock whose process has ended is taken over.
 * @throws Error when the lock is held all that time, or the folder cannot be written (then with the system's `code`).
 */
export async function lockFile(path: string, clock: Clock): Promise<FileLock> {
  const mark = `${process.pid} ${crypto.randomUUID()}\n`;
  const deadline = clock.monotonic() + WAIT_MS;
  while (!(await create(path, mark))) {
    if (await removeIfStale(path, clock)) continue;
    if (clock.monotonic() >= deadline) throw await stillHeld(path);
    await sleep(clock, RETRY_MS);
  }
  const held = async () => (await contentOf(path)) === mark;
  const release = async () => {
    if (await held()) await remove(path);
  };
  return { held, release };
}

async function create(path: string, mark: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(mark);
    } catch (error) {
      await remove(path); // a full disk: nobody could tell whose lock this is
      throw error;
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/**
 * Takes a stale lock away. Of several that want to, one may: between another's look and its deletion the lock could have
 * become somebody's fresh one.
 */
async function removeIfStale(path: string, clock: Clock): Promise<boolean> {
  const mark = await contentOf(path);
  if (mark === null) return true;
  if (!(await isStale(path, mark, clock))) return false;
  const guard = `${path}.stale`;
  if (!(await create(guard, mark))) {
    if (await isOld(guard, clock)) await remove(guard);
    return false;
  }
  try {
    if ((await contentOf(path)) === mark) await remove(path);
  } finally {
    await remove(guard);
  }
  return true;
}

async function isStale(path: string, mark: string, clock: Clock): Promise<boolean> {
  const pid = Number.parseInt(mark, 10);
  if (!(pid > 0)) return isOld(path, clock, UNMARKED_MS);
  return !isAlive(pid) || isOld(path, clock);
}

async function isOld(path: string, clock: Clock, ms = STALE_MS): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  return info !== null && clock.now() - info.mtimeMs > ms;
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== "ESRCH"; // EPERM: alive, and another user's
  }
}

async function contentOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

async function stillHeld(path: string): Promise<Error> {
  const pid = Number.parseInt((await contentOf(path)) ?? "", 10);
  const holder = Number.isInteger(pid) ? `process ${pid} is changing it` : "another process is changing it";
  return new Error(
    `Cannot change the configuration: ${holder} and did not finish within 5 s. Try again; if no such process runs, delete "${path}".`,
  );
}
