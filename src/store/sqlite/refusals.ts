import type { StoredRefusal } from "../../protocol/refusal.ts";
import type { Page, RefusalFilter, RefusalStore } from "../store.ts";
import { cursorOf, positionOf } from "./cursor.ts";
import type { Connection } from "./database.ts";
import type { Writer } from "./writer.ts";

const COLUMNS = "request_id, at, source, reason, detail, fix, client, size, delivery_id, event";

type Params = Record<string, string | number>;

export class SqliteRefusals implements RefusalStore {
  readonly #db: Connection;
  readonly #writer: Writer;

  constructor(db: Connection, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  add(refusals: readonly StoredRefusal[]): Promise<void> {
    return this.#writer.write(() => {
      for (const refusal of refusals) this.#insert(refusal);
    });
  }

  list(filter: RefusalFilter): Promise<Page<StoredRefusal>> {
    return this.#db.read(() => {
      const params: Params = { limit: filter.limit + 1 };
      const rows = this.#db.allNamed<{ id: number } & StoredRefusal>(
        `SELECT id, ${COLUMNS} FROM refusals WHERE ${conditions(filter, params)} ORDER BY id DESC LIMIT $limit`,
        params,
      );
      const page = rows.slice(0, filter.limit);
      const last = page.at(-1);
      return {
        items: page.map(({ id: _, ...refusal }) => refusal),
        next: rows.length > filter.limit && last !== undefined ? cursorOf("r", last.id) : null,
      };
    });
  }

  purge(before: number, keep: number, limit: number): Promise<number> {
    return this.#writer.write(() => {
      const old = this.#delete("SELECT id FROM refusals WHERE at < ? ORDER BY at, id LIMIT ?", before, limit);
      if (old === limit) return old;
      const surplus = this.#delete(
        `SELECT id FROM refusals WHERE id <= (SELECT id FROM refusals ORDER BY id DESC LIMIT 1 OFFSET ?)
         ORDER BY id LIMIT ?`,
        keep,
        limit - old,
      );
      return old + surplus;
    });
  }

  #delete(ids: string, ...params: readonly number[]): number {
    return this.#db.run(`DELETE FROM refusals WHERE id IN (${ids})`, ...params).changes;
  }

  #insert(refusal: StoredRefusal): void {
    this.#db.run(
      `INSERT INTO refusals (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      refusal.request_id,
      refusal.at,
      refusal.source,
      refusal.reason,
      refusal.detail,
      refusal.fix,
      refusal.client,
      refusal.size,
      refusal.delivery_id,
      refusal.event,
    );
  }
}

/** What a row must fulfil, as SQL; fills in the parameters it names. */
function conditions(filter: RefusalFilter, params: Params): string {
  const where = ["true"];
  for (const column of ["source", "reason", "request_id"] as const) {
    const value = filter[column];
    if (value === undefined) continue;
    where.push(`${column} = $${column}`);
    params[column] = value;
  }
  if (filter.since !== undefined) {
    where.push("at >= $since");
    params["since"] = filter.since;
  }
  if (filter.after !== undefined) {
    where.push("id < $after");
    params["after"] = positionOf("r", 1, filter.after)[0]!;
  }
  return where.join(" AND ");
}
