import type { CounterRow, CounterStore } from "../store.ts";
import type { Connection } from "./database.ts";
import type { Writer } from "./writer.ts";

/** Rows that one transaction deletes, so that no other write waits long for it. */
const PURGE_STEP = 500;

export class SqliteCounters implements CounterStore {
  readonly #db: Connection;
  readonly #writer: Writer;

  constructor(db: Connection, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  put(row: CounterRow): Promise<void> {
    return this.#writer.write(() => {
      this.#db.run(
        `INSERT OR REPLACE INTO counters (at, accepted, refused, runs, failed, depth, sockets, p50_ms, p99_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.at,
        row.accepted,
        row.refused,
        row.runs,
        row.failed,
        row.depth,
        row.sockets,
        row.p50_ms,
        row.p99_ms,
      );
    });
  }

  since(at: number): Promise<readonly CounterRow[]> {
    return this.#db.read(() =>
      this.#db.all<CounterRow>(
        `SELECT at, accepted, refused, runs, failed, depth, sockets, p50_ms, p99_ms
         FROM counters WHERE at >= ? ORDER BY at`,
        at,
      ),
    );
  }

  async purge(before: number): Promise<void> {
    let deleted: number;
    do {
      deleted = await this.#writer.write(
        () =>
          this.#db.run(
            "DELETE FROM counters WHERE at IN (SELECT at FROM counters WHERE at < ? ORDER BY at LIMIT ?)",
            before,
            PURGE_STEP,
          ).changes,
      );
    } while (deleted === PURGE_STEP);
  }
}
