import { Problem } from "../../protocol/problem.ts";
import type { IdempotencyRecord, IdempotencyStore } from "../store.ts";
import type { Connection } from "./database.ts";
import type { Writer } from "./writer.ts";

/** How long a key is kept (contract §3); an older record that was not purged yet gives way. */
const KEPT_MS = 7 * 24 * 3_600_000;

const INSERT = `
  INSERT INTO idempotency (scope, key, fingerprint, run_id, status, body, created_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
  ON CONFLICT (scope, key) DO UPDATE SET
    fingerprint = excluded.fingerprint, run_id = excluded.run_id, status = excluded.status,
    body = excluded.body, created_at = excluded.created_at`;

export class SqliteIdempotency implements IdempotencyStore {
  readonly #db: Connection;
  readonly #writer: Writer;

  constructor(db: Connection, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  get(scope: string, key: string): Promise<IdempotencyRecord | null> {
    return this.#db.read(() =>
      this.#db.get<IdempotencyRecord>(
        `SELECT scope, key, fingerprint, run_id, status, body, created_at
         FROM idempotency WHERE scope = ? AND key = ?`,
        scope,
        key,
      ),
    );
  }

  put(record: IdempotencyRecord): Promise<void> {
    return this.#writer.write(() => void this.#db.run(INSERT, ...values(record)), record.body.length);
  }

  remove(scope: string, key: string): Promise<void> {
    return this.#writer.write(() => {
      this.#db.run("DELETE FROM idempotency WHERE scope = ? AND key = ?", scope, key);
    });
  }

  purge(before: number, limit: number): Promise<number> {
    return this.#writer.write(
      () =>
        this.#db.run(
          `DELETE FROM idempotency WHERE id IN
             (SELECT id FROM idempotency WHERE created_at < ? ORDER BY created_at LIMIT ?)`,
          before,
          limit,
        ).changes,
    );
  }
}

/**
 * Stores the key of a request in the transaction of its work. Part of a unit of work.
 * @throws Problem `idempotency_in_flight` when another request stored that key first.
 */
export function claimKey(db: Connection, record: IdempotencyRecord): void {
  const sql = `${INSERT} WHERE idempotency.created_at <= excluded.created_at - ${KEPT_MS}`;
  if (db.run(sql, ...values(record)).changes > 0) return;
  throw new Problem("idempotency_in_flight", {
    detail: `Cannot use the Idempotency-Key ${JSON.stringify(record.key)}: another request stored it meanwhile. Send the request again to get that one's answer.`,
    retryAfter: 1,
  });
}

function values(record: IdempotencyRecord) {
  return [
    record.scope,
    record.key,
    record.fingerprint,
    record.run_id,
    record.status,
    record.body,
    record.created_at,
  ] as const;
}
