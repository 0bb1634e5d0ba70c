import { SQLiteError } from "bun:sqlite";
import { atStart, StoreUnavailable } from "../store.ts";

/**
 * Primary result codes (https://www.sqlite.org/rescode.html) that speak of the disk, the file or its locks, and not of what
 * was asked: the same statement may succeed later.
 */
const STORAGE_CODES: ReadonlySet<number> = new Set([
  3, // PERM
  5, // BUSY
  6, // LOCKED
  7, // NOMEM
  8, // READONLY
  10, // IOERR
  11, // CORRUPT
  13, // FULL
  14, // CANTOPEN
  15, // PROTOCOL
  22, // NOLFS
  26, // NOTADB
]);

/** Whether the disk or the file is at fault, and not the statement. */
export function isStorageFailure(error: unknown): boolean {
  // The low byte of an extended code is its primary code.
  return error instanceof SQLiteError && STORAGE_CODES.has(error.errno & 0xff);
}

/** Whether a UNIQUE or PRIMARY KEY constraint refused the statement. */
export function isDuplicate(error: unknown): boolean {
  return (
    error instanceof SQLiteError &&
    (error.code === "SQLITE_CONSTRAINT_UNIQUE" || error.code === "SQLITE_CONSTRAINT_PRIMARYKEY")
  );
}

/** `doing` completes the sentence "Cannot …". */
export function unavailable(doing: string, cause: unknown): StoreUnavailable {
  return new StoreUnavailable(`Cannot ${doing}: ${reason(cause)}`, { cause });
}

/** Opening the database failed, which nobody tries again by itself. */
export function notOpened(path: string, cause: unknown): StoreUnavailable {
  const error = unavailable(`open the database ${JSON.stringify(path)}`, cause);
  return isStorageFailure(cause) ? atStart(error) : error;
}

function reason(cause: unknown): string {
  if (!(cause instanceof SQLiteError)) return cause instanceof Error ? cause.message : String(cause);
  const code = cause.code ?? `SQLite error ${cause.errno}`;
  const advice = ADVICE.get(cause.errno & 0xff);
  return `${cause.message} (${code})${advice === undefined ? "" : `. ${advice}`}`;
}

const ADVICE: ReadonlyMap<number, string> = new Map([
  [5, "Another process is writing to the database; end it, e.g. a sqlite3 shell with an open transaction"],
  [8, "Make the file and its folder writable for the gateway's user"],
  [10, "Look at the disk: `dmesg`, `df`"],
  [11, "Restore the last backup, or save what can be read with `sqlite3 state.db .recover`"],
  [13, "Free some disk space"],
  [14, "Make the file and its folder readable and writable for the gateway's user"],
  [26, "The file is not an SQLite database; move it away or restore a backup"],
]);
