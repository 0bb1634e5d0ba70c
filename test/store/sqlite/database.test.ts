import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmod, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { endStart, openDatabase } from "../../../src/store/sqlite/database.ts";
import { notOpened } from "../../../src/store/sqlite/errors.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { StoreUnavailable } from "../../../src/store/store.ts";
import { ManualClock } from "../../support/clock.ts";
import { inFolder } from "./scratch.ts";

describe("openDatabase", () => {
  test(
    "makes the file and its log readable for nobody else, whatever the umask",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const before = process.umask(0);
      try {
        const db = openDatabase(path);
        db.script("CREATE TABLE t (n INTEGER)");
        for (const suffix of ["", "-wal", "-shm"]) expect(await modeOf(path + suffix)).toBe(0o600);
        db.close();
      } finally {
        process.umask(before);
      }
    }),
  );

  test(
    "takes the rights of others away from files that exist",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const other = new Database(path);
      other.run("PRAGMA journal_mode = WAL");
      other.run("CREATE TABLE t (n INTEGER)");
      for (const suffix of ["", "-wal", "-shm"]) await chmod(path + suffix, 0o644);
      const db = openDatabase(path);
      for (const suffix of ["", "-wal", "-shm"]) expect(await modeOf(path + suffix)).toBe(0o600);
      db.close();
      other.close();
    }),
  );

  test(
    "syncs every commit, keeps references, overwrites what is deleted, and waits only briefly for locks once it has started",
    inFolder((folder) => {
      const db = openDatabase(join(folder, "state.db"));
      const pragma = (name: string) => Object.values(db.get<Record<string, unknown>>(`PRAGMA ${name}`) ?? {})[0];
      expect(pragma("journal_mode")).toBe("wal");
      expect(pragma("synchronous")).toBe(2); // FULL
      expect(pragma("foreign_keys")).toBe(1);
      expect(pragma("secure_delete")).toBe(1); // ON
      expect(pragma("busy_timeout")).toBe(5_000);
      endStart(db);
      expect(pragma("busy_timeout")).toBe(100);
      expect(pragma("temp_store")).toBe(2); // MEMORY
      db.close();
    }),
  );

  test(
    "says which file it cannot open and why, and leaves it as it is",
    inFolder(async (folder) => {
      const text = join(folder, "notes.txt");
      await writeFile(text, "These are no database pages, but a shopping list. ".repeat(30));
      expect(() => openDatabase(text)).toThrow(/^Cannot open the database ".*notes\.txt": .*not an SQLite database/);
      expect(await Bun.file(text).text()).toStartWith("These are no database pages");

      const missing = join(folder, "none", "state.db");
      expect(() => openDatabase(missing)).toThrow(StoreUnavailable);
      expect(() => openDatabase(missing)).toThrow(/ENOENT/);

      await mkdir(join(folder, "folder.db"));
      expect(() => openDatabase(join(folder, "folder.db"))).toThrow(StoreUnavailable);
    }),
  );

  test(
    "opens a file whose name means something else to SQLite",
    inFolder(async (folder) => {
      const path = join(folder, "file:state.db?mode=memory");
      openDatabase(path).close();
      expect((await stat(path)).isFile()).toBe(true);
    }),
  );
});

describe("a start on a database that cannot be used", () => {
  test(
    "waits for another process that holds the lock and lets go of it",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      openDatabase(path).close();
      const child = Bun.spawn([process.execPath, join(import.meta.dir, "locking-child.ts"), path], { stdout: "pipe" });
      const reader = child.stdout.getReader();
      expect(new TextDecoder().decode((await reader.read()).value)).toStartWith("locked");
      const store = await openSqliteStore({ path, clock: new ManualClock() }); // blocks until the child is done
      expect(await child.exited).toBe(0);
      await store.close();
    }),
  );

  test(
    "says what to do, and that the gateway has to be started again then",
    inFolder((folder) => {
      const path = join(folder, "state.db");
      openDatabase(path).close();
      const [other, impatient] = [new Database(path), new Database(path)];
      other.run("BEGIN IMMEDIATE");
      impatient.run("PRAGMA busy_timeout = 0");
      const busy = caught(() => impatient.run("BEGIN IMMEDIATE"));
      expect(notOpened(path, busy).message).toMatch(
        /^Cannot open the database ".*": database is locked .*Another process.*Then start the gateway again$/,
      );
      other.run("ROLLBACK");
      other.run("CREATE TABLE t (x)");
      other.run("PRAGMA max_page_count = 2");
      const full = caught(() => other.run("INSERT INTO t VALUES (randomblob(65536))"));
      expect(notOpened(path, full).message).toEndWith("Free some disk space. Then start the gateway again");
      other.close();
      impatient.close();
    }),
  );
});

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail");
}

describe("Connection", () => {
  test(
    "keeps a statement it has prepared, and refuses to be used when it is closed",
    inFolder((folder) => {
      const db = openDatabase(join(folder, "state.db"));
      db.script("CREATE TABLE t (n INTEGER) STRICT");
      expect(db.run("INSERT INTO t VALUES (?)", 5)).toEqual({ changes: 1, lastInsertRowid: 1 });
      expect(db.get<{ n: number }>("SELECT n FROM t WHERE n = ?", 5)).toEqual({ n: 5 });
      expect(db.get("SELECT n FROM t WHERE n = ?", 6)).toBeNull();
      db.close();
      expect(() => db.get("SELECT n FROM t WHERE n = ?", 5)).toThrow(StoreUnavailable);
      db.close();
    }),
  );
});

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}
