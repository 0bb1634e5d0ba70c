import type { Clock } from "../../lib/clock.ts";
import type { Store } from "../store.ts";
import { SqliteCounters } from "./counters.ts";
import { type Connection, endStart, openDatabase, type StoreLog } from "./database.ts";
import { SqliteDevices } from "./devices.ts";
import { notOpened } from "./errors.ts";
import { SqliteEvents } from "./events.ts";
import { SqliteIdempotency } from "./idempotency.ts";
import { SqliteLockouts } from "./lockouts.ts";
import { migrate } from "./migrate.ts";
import { SqliteNotes } from "./notes.ts";
import { SqliteRefusals } from "./refusals.ts";
import { SqliteReminders } from "./reminders.ts";
import { SqliteReplies } from "./replies.ts";
import { SqliteRuns } from "./runs.ts";
import { SqliteSearch } from "./search.ts";
import { SqliteSessions } from "./sessions.ts";
import { Writer, type WriterOptions } from "./writer.ts";

export interface SqliteStoreOptions extends WriterOptions {
  /** The database file; it is made with mode 0600 if there is none. Its folder must exist. */
  readonly path: string;
  readonly clock: Clock;
  readonly log?: StoreLog;
}

/** A Store that also tells how its writes are grouped. */
export interface SqliteStore extends Store {
  /** Transactions committed since it was opened. */
  readonly commits: number;
  /** Units of work that wait for the next transaction. */
  readonly waiting: number;
}

/**
 * Opens the SQLite store in one file, bringing its schema up to date. Blocks for up to 5 s while another process holds its lock.
 * @throws StoreUnavailable when the file cannot be opened, is damaged, is another program's or a newer version's.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { path, clock, log } = options;
  const db = openDatabase(path, log);
  try {
    migrate(db, clock.now());
    endStart(db);
    return new FileStore(db, clock, options);
  } catch (error) {
    db.close();
    throw notOpened(path, error);
  }
}

class FileStore implements SqliteStore {
  readonly events: SqliteEvents;
  readonly runs: SqliteRuns;
  readonly sessions: SqliteSessions;
  readonly devices: SqliteDevices;
  readonly idempotency: SqliteIdempotency;
  readonly lockouts: SqliteLockouts;
  readonly notes: SqliteNotes;
  readonly reminders: SqliteReminders;
  readonly search: SqliteSearch;
  readonly counters: SqliteCounters;
  readonly refusals: SqliteRefusals;
  readonly replies: SqliteReplies;
  readonly #db: Connection;
  readonly #writer: Writer;
  readonly #clock: Clock;

  constructor(db: Connection, clock: Clock, options: WriterOptions) {
    const writer = new Writer(db, options);
    this.#db = db;
    this.#writer = writer;
    this.#clock = clock;
    this.events = new SqliteEvents(db, writer);
    this.runs = new SqliteRuns(db, writer);
    this.sessions = new SqliteSessions(db, writer, clock);
    this.devices = new SqliteDevices(db, writer);
    this.idempotency = new SqliteIdempotency(db, writer);
    this.lockouts = new SqliteLockouts(db, writer, clock);
    this.notes = new SqliteNotes(db, writer);
    this.reminders = new SqliteReminders(db, writer);
    this.search = new SqliteSearch(db);
    this.counters = new SqliteCounters(db, writer);
    this.refusals = new SqliteRefusals(db, writer);
    this.replies = new SqliteReplies(db, writer);
  }

  get fault(): string | null {
    return this.#writer.fault;
  }

  get commits(): number {
    return this.#writer.commits;
  }

  get waiting(): number {
    return this.#writer.waiting;
  }

  async probe(): Promise<boolean> {
    if (this.#writer.fault === null) return true;
    const now = this.#clock.now();
    try {
      await this.#writer.write(() => {
        this.#db.run("INSERT OR REPLACE INTO probe (id, at, filler) VALUES (1, ?, randomblob(65536))", now);
      });
      return true;
    } catch {
      return false; // `fault` says why
    }
  }

  async close(): Promise<void> {
    this.#writer.close();
    this.#db.close();
  }
}
