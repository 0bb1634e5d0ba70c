import type { SearchHit, SearchLimits, SearchStore } from "../store.ts";
import type { Connection } from "./database.ts";
import { matchAll } from "./search-text.ts";

/** Only this many of the latest matches are ranked: ranking 200,000 takes 150 ms, 1,000 take 7. */
const RANKED = 1_000;

interface Source {
  readonly kind: SearchHit["kind"];
  /** The full-text table; its rowid is the row's `id`. */
  readonly index: string;
  readonly table: string;
  readonly ref: string;
  readonly session: string;
  readonly at: string;
}

const SOURCES: readonly Source[] = [
  {
    kind: "event",
    index: "event_search",
    table: "events",
    ref: "event_id",
    session: "row.session_id",
    at: "received_at",
  },
  { kind: "message", index: "run_search", table: "runs", ref: "run_id", session: "row.session_id", at: "created_at" },
  { kind: "note", index: "note_search", table: "notes", ref: "note_id", session: "NULL", at: "created_at" },
];

interface Candidate extends Omit<SearchHit, "snippet"> {
  readonly id: number;
  /** BM25: the lower, the better. */
  readonly rank: number;
}

export class SqliteSearch implements SearchStore {
  readonly #db: Connection;

  constructor(db: Connection) {
    this.#db = db;
  }

  find(words: string, limits: SearchLimits, limit: number): Promise<readonly SearchHit[]> {
    return this.#db.read(() => {
      const match = matchAll(words);
      if (match === null) return [];
      const found = SOURCES.filter(({ kind }) => limits.kind === undefined || limits.kind === kind)
        .flatMap((source) => this.#candidates(source, match, limits, limit).map((candidate) => ({ source, candidate })))
        .sort((a, b) => a.candidate.rank - b.candidate.rank || b.candidate.at - a.candidate.at)
        .slice(0, limit);
      return found.map(({ source, candidate: { id, rank: _, ...hit } }) => ({
        ...hit,
        snippet: this.#snippet(source, match, id),
      }));
    });
  }

  #candidates(source: Source, match: string, limits: SearchLimits, limit: number): Candidate[] {
    const { kind, index, table, ref, session, at } = source;
    const params: (string | number)[] = [match];
    const where = [`${index} MATCH ?`];
    if (limits.session_id !== undefined) {
      where.push(`${session} = ?`);
      params.push(limits.session_id);
    }
    if (limits.device_id !== undefined) {
      where.push("row.device_id = ?");
      params.push(limits.device_id);
    }
    return this.#db.all<Candidate>(
      `SELECT * FROM (
         SELECT row.id, '${kind}' AS kind, row.${ref} AS ref, ${session} AS session_id, row.${at} AS at,
                bm25(${index}) AS rank
         FROM ${index} JOIN ${table} AS row ON row.id = ${index}.rowid
         WHERE ${where.join(" AND ")} ORDER BY ${index}.rowid DESC LIMIT ${RANKED})
       ORDER BY rank, id DESC LIMIT ?`,
      ...params,
      limit,
    );
  }

  #snippet({ index }: Source, match: string, id: number): string {
    const row = this.#db.get<{ snippet: string }>(
      `SELECT snippet(${index}, 0, char(2), char(3), '…', 16) AS snippet FROM ${index} WHERE ${index} MATCH ? AND rowid = ?`,
      match,
      id,
    );
    return row?.snippet ?? "";
  }
}
