import type { Clock } from "../../lib/clock.ts";
import type { Page, SessionStore, StoredMessage, StoredSession } from "../store.ts";
import { cursorOf, positionOf } from "./cursor.ts";
import type { Connection } from "./database.ts";
import { listMessages, messagesBefore } from "./messages.ts";
import type { Writer } from "./writer.ts";

const COLUMNS = "session_id, device_id, title, created_at, updated_at, seq_limit";

/** Runs that one transaction deletes, so that no other write waits long for it. */
const REMOVE_STEP = 200;

export class SqliteSessions implements SessionStore {
  readonly #db: Connection;
  readonly #writer: Writer;
  readonly #clock: Clock;

  constructor(db: Connection, writer: Writer, clock: Clock) {
    this.#db = db;
    this.#writer = writer;
    this.#clock = clock;
  }

  get(session_id: string): Promise<StoredSession | null> {
    return this.#db.read(() =>
      this.#db.get<StoredSession>(`SELECT ${COLUMNS} FROM sessions WHERE session_id = ?`, session_id),
    );
  }

  list(filter: {
    readonly device_id?: string;
    readonly limit: number;
    readonly after?: string;
  }): Promise<Page<StoredSession>> {
    return this.#db.read(() => {
      const where = ["true"];
      const params: (string | number)[] = [];
      if (filter.device_id !== undefined) {
        where.push("device_id = ?");
        params.push(filter.device_id);
      }
      if (filter.after !== undefined) {
        where.push("(updated_at, id) < (?, ?)");
        params.push(...positionOf("s", 2, filter.after));
      }
      const rows = this.#db.all<{ id: number } & StoredSession>(
        `SELECT id, ${COLUMNS} FROM sessions WHERE ${where.join(" AND ")} ORDER BY updated_at DESC, id DESC LIMIT ?`,
        ...params,
        filter.limit + 1,
      );
      const page = rows.slice(0, filter.limit);
      const last = page.at(-1);
      return {
        items: page.map(({ id: _, ...session }) => session),
        next: rows.length > filter.limit && last ? cursorOf("s", last.updated_at, last.id) : null,
      };
    });
  }

  messages(
    session_id: string,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<Page<StoredMessage>> {
    return this.#db.read(() => listMessages(this.#db, session_id, page));
  }

  historyBefore(session_id: string, run_id: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#db.read(() => messagesBefore(this.#db, session_id, run_id, limit));
  }

  reserve(session_id: string, limit: number): Promise<void> {
    const now = this.#clock.now();
    return this.#writer.write(() => {
      // A session without a run belongs to nobody yet; its first run gives it an owner and a title.
      this.#db.run(
        `INSERT INTO sessions (session_id, device_id, title, created_at, updated_at, seq_limit)
         VALUES (?1, NULL, '', ?2, ?2, ?3)
         ON CONFLICT (session_id) DO UPDATE SET seq_limit = max(seq_limit, ?3)`,
        session_id,
        now,
        limit,
      );
    });
  }

  async remove(session_id: string): Promise<boolean> {
    const newest = await this.#db.read(() =>
      this.#db.get<{ id: number | null; known: number }>(
        `SELECT (SELECT max(id) FROM runs WHERE session_id = ?1) AS id,
                EXISTS (SELECT 1 FROM sessions WHERE session_id = ?1) AS known`,
        session_id,
      ),
    );
    // Up to the newest one as of now: a session that goes on meanwhile is not chased.
    const last = newest?.id ?? 0;
    while ((await this.#writer.write(() => this.#removeRuns(session_id, last))) === REMOVE_STEP);
    return newest?.known === 1;
  }

  #removeRuns(session_id: string, last: number): number {
    const runs = this.#db.all<{ id: number }>(
      `DELETE FROM runs WHERE id IN (
         SELECT id FROM runs WHERE session_id = ? AND id <= ? AND ended_at IS NOT NULL ORDER BY id LIMIT ?)
       RETURNING id`,
      session_id,
      last,
      REMOVE_STEP,
    );
    const ids = JSON.stringify(runs.map(({ id }) => id));
    this.#db.run("DELETE FROM run_search WHERE rowid IN (SELECT value FROM json_each(?))", ids);
    // With a run that has not ended the session stays, for its answer to have a place to go.
    this.#db.run(
      "DELETE FROM sessions WHERE session_id = ?1 AND NOT EXISTS (SELECT 1 FROM runs WHERE session_id = ?1)",
      session_id,
    );
    return runs.length;
  }
}
