import { constants, Database, type SQLQueryBindings, type Statement } from "bun:sqlite";
import { chmodSync, closeSync, openSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { StoreUnavailable } from "../store.ts";
import { isStorageFailure, notOpened, unavailable } from "./errors.ts";

/** Where a store says what an operator should know. `Log` is one. */
export interface StoreLog {
  warn(message: string, fields?: Readonly<Record<string, string | number>>): void;
}

// synchronous=FULL: a COMMIT returns when the WAL is on the disk (https://www.sqlite.org/pragma.html#pragma_synchronous).
// fullfsync: on macOS a sync reaches the disk and not only its cache; elsewhere it changes nothing.
// secure_delete: what is deleted is overwritten, also in pages that become free (FAST would leave those as they are).
// wal_autocheckpoint: 1000 pages (4 MB) cost 3 to 5 ms each time; 16,000 pages cost 70 ms. cache_size: 8 MB.
const SETTINGS = `
  PRAGMA synchronous = FULL;
  PRAGMA fullfsync = ON;
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA cache_size = -8000;
  PRAGMA wal_autocheckpoint = 1000;
  PRAGMA journal_size_limit = 67108864;
`;

// A start has time to wait for whoever holds a lock. Afterwards waiting blocks the event loop, and only a person with an sqlite3
// shell competes for the write lock.
const START_PATIENCE = "PRAGMA busy_timeout = 5000";
const PATIENCE = "PRAGMA busy_timeout = 100";

/**
 * Opens the database file, making it with mode 0600 if there is none. SQLite gives `-wal` and `-shm` the mode of the file.
 * @throws StoreUnavailable when the file cannot be opened or is no database.
 */
export function openDatabase(file: string, log?: StoreLog): Connection {
  const path = resolve(file); // an absolute path is never one of SQLite's special names, ":memory:" and URIs
  try {
    guardFile(path, log);
    const db = new Database(path, { create: true, strict: true });
    try {
      db.run(START_PATIENCE);
      const mode = db.query<{ journal_mode: string }, []>("PRAGMA journal_mode = WAL").get()?.journal_mode;
      // Some network file systems lack the shared memory that a WAL needs. A rollback journal is as durable, only slower.
      if (mode !== "wal") log?.warn("The file system takes no write-ahead log; writes will be slower", { path });
      db.run(SETTINGS);
      db.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 0); // macOS would keep the log's files after closing
      return new Connection(db);
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw notOpened(path, error);
  }
}

/**
 * Ends the patience of the start, once nobody else holds the write lock.
 * @throws SQLiteError when somebody does for longer than 5 s
 */
export function endStart(db: Connection): void {
  db.script("BEGIN IMMEDIATE; COMMIT");
  db.script(PATIENCE);
}

/** One SQLite connection. Statements are prepared when they are first used, and kept. */
export class Connection {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement<unknown, SQLQueryBindings[]>>();
  #closed = false;

  constructor(db: Database) {
    this.#db = db;
  }

  get inTransaction(): boolean {
    return this.#db.inTransaction;
  }

  /** Runs a statement and returns how many rows it changed, and the rowid of the last one it inserted. */
  run(sql: string, ...params: SQLQueryBindings[]): { readonly changes: number; readonly lastInsertRowid: number } {
    const { changes, lastInsertRowid } = this.#statement(sql).run(...params);
    return { changes, lastInsertRowid: Number(lastInsertRowid) };
  }

  get<Row>(sql: string, ...params: SQLQueryBindings[]): Row | null {
    // as: a row is made of the columns its SQL names, and STRICT tables hold the types they declare.
    return this.#statement(sql).get(...params) as Row | null;
  }

  all<Row>(sql: string, ...params: SQLQueryBindings[]): Row[] {
    // as: see `get`.
    return this.#statement(sql).all(...params) as Row[];
  }

  /** The same for SQL that names its parameters, `$name`. */
  allNamed<Row>(sql: string, params: Readonly<Record<string, string | number>>): Row[] {
    // as: see `get`.
    return this.#statement(sql).all(params) as Row[];
  }

  /** Runs several statements at once; nothing is cached. */
  script(sql: string): void {
    this.#db.run(sql);
  }

  /** The result of `query`, with failures of the disk as StoreUnavailable. */
  read<T>(query: () => T): Promise<T> {
    try {
      return Promise.resolve(query());
    } catch (error) {
      return Promise.reject(isStorageFailure(error) ? unavailable("read from the store", error) : error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#statements.clear();
    this.#db.close(true);
  }

  #statement(sql: string): Statement<unknown, SQLQueryBindings[]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (this.#closed) throw new StoreUnavailable("Cannot use the store: it is closed");
      statement = this.#db.prepare<unknown, SQLQueryBindings[]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Makes the file before SQLite does, because SQLite would make it readable for others; takes those rights away where they
 * were given. An existing file is not opened here: closing it would drop the locks this process holds on it (fcntl(2)).
 */
function guardFile(path: string, log: StoreLog | undefined): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode;
    if (mode === undefined) {
      if (file === path) closeSync(openSync(path, "wx", 0o600));
    } else if ((mode & 0o077) !== 0) {
      try {
        chmodSync(file, 0o600);
      } catch (cause) {
        log?.warn("Others may read the database, and its mode cannot be changed", { path: file, cause: String(cause) });
      }
    }
  }
}
