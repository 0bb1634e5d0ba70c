import { StoreUnavailable } from "../store.ts";
import type { Connection } from "./database.ts";
import { isStorageFailure, unavailable } from "./errors.ts";

// A flush blocks the event loop: 512 accepts take about 6 ms, 8 MB of bodies about 30 ms.
const MAX_UNITS = 512;
const MAX_BYTES = 8 * 1024 * 1024;
// Of 64 clients about half are heard in one turn, and all in two: the sync and the pages that every commit rewrites then
// cost each of them half.
const MAX_TURNS = 3;

export interface WriterOptions {
  /** Runs a task in the next turn of the event loop. @default setImmediate */
  readonly schedule?: (task: () => void) => void;
  /** Units of work in one transaction, at most. */
  readonly maxUnits?: number;
  /** Bytes in one transaction, at most, unless one unit alone has more. */
  readonly maxBytes?: number;
}

/**
 * Group commit: all units of work that were handed over in one turn of the event loop (up to three, while they become more)
 * share one transaction and one sync, and resolve after its COMMIT. A unit is synchronous, does nothing but SQL, and may run
 * twice: when one of a batch throws, the batch is rolled back and run again with a savepoint around each, so that only that one
 * is refused.
 */
export class Writer {
  readonly #db: Connection;
  readonly #schedule: (task: () => void) => void;
  readonly #maxUnits: number;
  readonly #maxBytes: number;
  #queue: Job[] = [];
  #scheduled = false;
  #closed = false;
  #commits = 0;
  #fault: string | null = null;

  constructor(db: Connection, options: WriterOptions = {}) {
    this.#db = db;
    this.#schedule = options.schedule ?? ((task) => void setImmediate(task));
    this.#maxUnits = options.maxUnits ?? MAX_UNITS;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  /** How many transactions have been committed, for metrics. */
  get commits(): number {
    return this.#commits;
  }

  /** How many units of work wait for the next transaction. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** What the last transaction failed with; null since one succeeded in changing something. */
  get fault(): string | null {
    return this.#fault;
  }

  /**
   * Resolves with what `unit` returned, after its COMMIT. Rejects with what `unit` threw, or with StoreUnavailable when the
   * transaction failed. `bytes` is the size of what it stores, where that is large.
   */
  write<T>(unit: () => T, bytes = 0): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreUnavailable("Cannot write to the store: it is closed"));
    const job = new UnitOfWork(unit, bytes);
    this.#queue.push(job);
    this.#wake();
    return job.promise;
  }

  /** Commits what waits, then refuses further work. */
  close(): void {
    this.#closed = true;
    while (this.#queue.length > 0) this.#commit(this.#takeBatch());
  }

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#gather(this.#queue.length, 1);
  }

  /** Commits in the next turn; a batch that is still growing by then waits for one more. A lone unit never does. */
  #gather(before: number, turn: number): void {
    this.#schedule(() => {
      const waiting = this.#queue.length;
      if (waiting > before && waiting < this.#maxUnits && turn < MAX_TURNS) {
        this.#gather(waiting, turn + 1);
        return;
      }
      this.#scheduled = false;
      if (waiting === 0) return;
      this.#commit(this.#takeBatch());
      if (this.#queue.length > 0) this.#wake();
    });
  }

  #takeBatch(): readonly Job[] {
    let bytes = 0;
    let count = 0;
    for (const job of this.#queue) {
      bytes += job.bytes;
      if (count > 0 && (count === this.#maxUnits || bytes > this.#maxBytes)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  #commit(batch: readonly Job[]): void {
    try {
      if (!this.#together(batch)) this.#apart(batch);
    } catch (error) {
      this.#rollback();
      const cause = unavailable("write to the store", error);
      this.#fault = cause.message;
      for (const job of batch) job.refuse(cause);
      return;
    }
    this.#commits += 1;
    for (const job of batch) job.settle();
  }

  /** False when a unit threw: everything is rolled back. */
  #together(batch: readonly Job[]): boolean {
    const before = this.#begin();
    for (const job of batch) {
      if (job.run()) continue;
      this.#rollback();
      return false;
    }
    this.#end(before);
    return true;
  }

  /** Each unit by itself, yet in one transaction. Throws when the disk is at fault, and not the unit. */
  #apart(batch: readonly Job[]): void {
    const before = this.#begin();
    for (const job of batch) {
      this.#db.run("SAVEPOINT unit");
      if (!job.run()) {
        if (isStorageFailure(job.error)) throw job.error;
        this.#db.run("ROLLBACK TO unit");
      }
      this.#db.run("RELEASE unit");
    }
    this.#end(before);
  }

  #begin(): number {
    this.#db.run("BEGIN IMMEDIATE");
    return this.#fault === null ? 0 : this.#totalChanges();
  }

  #end(changesBefore: number): void {
    // A transaction that changed nothing does not touch the disk, and proves nothing about it.
    const proven = this.#fault !== null && this.#totalChanges() > changesBefore;
    this.#db.run("COMMIT");
    if (proven) this.#fault = null;
  }

  #totalChanges(): number {
    return this.#db.get<{ n: number }>("SELECT total_changes() AS n")?.n ?? 0;
  }

  #rollback(): void {
    // SQLite has rolled back by itself after some failures (https://www.sqlite.org/lang_transaction.html).
    if (!this.#db.inTransaction) return;
    try {
      this.#db.run("ROLLBACK");
    } catch {
      // Nothing was committed, and the failure that led here is the one to tell of.
    }
  }
}

/** A unit of work without the type of its result. */
interface Job {
  readonly bytes: number;
  /** What the last `run` threw. */
  readonly error: unknown;
  /** Runs the unit; false when it threw. */
  run(): boolean;
  /** Passes on what the last `run` returned or threw. */
  settle(): void;
  refuse(cause: StoreUnavailable): void;
}

class UnitOfWork<T> implements Job {
  readonly promise: Promise<T>;
  readonly bytes: number;
  error: unknown;
  readonly #unit: () => T;
  readonly #resolve: (value: T) => void;
  readonly #reject: (reason: unknown) => void;
  #outcome: { readonly value: T } | null = null;

  constructor(unit: () => T, bytes: number) {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.promise = promise;
    this.bytes = bytes;
    this.#unit = unit;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  run(): boolean {
    this.#outcome = null;
    try {
      this.#outcome = { value: this.#unit() };
      return true;
    } catch (error) {
      this.error = error;
      return false;
    }
  }

  settle(): void {
    if (this.#outcome) this.#resolve(this.#outcome.value);
    else this.#reject(this.error);
  }

  refuse(cause: StoreUnavailable): void {
    this.#reject(cause);
  }
}
