import type { Clock } from "../../lib/clock.ts";
import type { Lockout, LockoutStore } from "../store.ts";
import type { Connection } from "./database.ts";
import type { Writer } from "./writer.ts";

/** Rows this old mean nothing any more, as counts and locks last minutes; addresses that try once must not pile up. */
const FORGET_AFTER_MS = 24 * 3_600_000;

export class SqliteLockouts implements LockoutStore {
  readonly #db: Connection;
  readonly #writer: Writer;
  readonly #clock: Clock;

  constructor(db: Connection, writer: Writer, clock: Clock) {
    this.#db = db;
    this.#writer = writer;
    this.#clock = clock;
  }

  list(): Promise<readonly Lockout[]> {
    return this.#db.read(() =>
      this.#db.all<Lockout>(
        `SELECT kind, client, failures, since, locked_until AS until FROM lockouts ORDER BY kind, client`,
      ),
    );
  }

  put(lockouts: readonly Lockout[]): Promise<void> {
    const now = this.#clock.now();
    return this.#writer.write(() => {
      for (const { kind, client, failures, since, until } of lockouts) {
        this.#db.run(
          `INSERT INTO lockouts (kind, client, failures, since, locked_until) VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (kind, client) DO UPDATE SET failures = ?3, since = ?4, locked_until = ?5`,
          kind,
          client,
          failures,
          since,
          until,
        );
      }
      // The count of all wrong codes runs as long as its code does, so it stays.
      this.#db.run(
        "DELETE FROM lockouts WHERE since < ?1 - ?2 AND locked_until < ?1 AND client <> '*'",
        now,
        FORGET_AFTER_MS,
      );
    });
  }

  clear(): Promise<void> {
    return this.#writer.write(() => void this.#db.run("DELETE FROM lockouts"));
  }
}
