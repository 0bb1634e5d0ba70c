import type { Reach, RunOrigin, RunState, StoredRun } from "../../protocol/run.ts";
import type { IdempotencyRecord, NewRun, RunOutcome, RunStore } from "../store.ts";
import type { Connection } from "./database.ts";
import { isDuplicate } from "./errors.ts";
import { endEvent, failEvent } from "./event-end.ts";
import { claimKey } from "./idempotency.ts";
import { addReply } from "./replies.ts";
import { searchable } from "./search-text.ts";
import type { Writer } from "./writer.ts";

const TITLE_LENGTH = 80;

const COLUMNS = `run_id, session_id, event_id, device_id, origin, reach, input, state, attempt, message_id, response, model,
  input_tokens, output_tokens, error_code, error_detail, seq, created_at, started_at, ended_at`;

const UNFINISHED = "state IN ('queued', 'running')"; // the condition of the index `runs_unfinished`

// A session that has no run yet was only given frame numbers; its first run makes it somebody's.
const INSERT_SESSION = `
  INSERT INTO sessions (session_id, device_id, title, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
  ON CONFLICT (session_id) DO UPDATE SET
    updated_at = max(updated_at, ?4),
    device_id = CASE WHEN EXISTS (SELECT 1 FROM runs WHERE session_id = ?1) THEN device_id ELSE ?2 END,
    title = CASE WHEN EXISTS (SELECT 1 FROM runs WHERE session_id = ?1) THEN title ELSE ?3 END`;

interface RunRow {
  readonly run_id: string;
  readonly session_id: string;
  readonly event_id: string | null;
  readonly device_id: string | null;
  readonly origin: RunOrigin;
  readonly reach: Reach;
  readonly input: string;
  readonly state: RunState;
  readonly attempt: number;
  readonly message_id: string;
  readonly response: string | null;
  readonly model: string | null;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly error_code: string | null;
  readonly error_detail: string | null;
  readonly seq: number | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
}

export class SqliteRuns implements RunStore {
  readonly #db: Connection;
  readonly #writer: Writer;

  constructor(db: Connection, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  async create(run: NewRun, key?: IdempotencyRecord): Promise<void> {
    try {
      await this.#writer.write(() => this.#create(run, key), run.input.length);
    } catch (cause) {
      if (!isDuplicate(cause)) throw cause;
      throw new Error(`Cannot create run "${run.run_id}": one with this id is stored already`, { cause });
    }
  }

  begin(run_id: string, at: number): Promise<void> {
    return this.#writer.write(() => {
      this.#db.run(
        "UPDATE runs SET state = 'running', started_at = ?2 WHERE run_id = ?1 AND state = 'queued'",
        run_id,
        at,
      );
    });
  }

  finish(run_id: string, attempt: number, outcome: RunOutcome): Promise<boolean> {
    return this.#writer.write(() => this.#finish(run_id, attempt, outcome), outcome.response?.length ?? 0);
  }

  get(run_id: string): Promise<StoredRun | null> {
    return this.#one("WHERE run_id = ?", run_id);
  }

  ofEvent(event_id: string): Promise<StoredRun | null> {
    return this.#one("WHERE event_id = ? ORDER BY id DESC LIMIT 1", event_id);
  }

  async latestEventOf(session_id: string): Promise<string | null> {
    const row = await this.#db.read(() =>
      this.#db.get<{ event_id: string }>(
        "SELECT event_id FROM runs WHERE session_id = ? AND event_id IS NOT NULL ORDER BY id DESC LIMIT 1",
        session_id,
      ),
    );
    return row?.event_id ?? null;
  }

  unfinished(): Promise<readonly StoredRun[]> {
    return this.#many(`WHERE ${UNFINISHED} ORDER BY id`);
  }

  restart(run_id: string): Promise<number> {
    return this.#writer.write(() => {
      const row = this.#db.get<{ attempt: number }>(
        `UPDATE runs SET attempt = attempt + 1, state = 'queued', started_at = NULL
         WHERE run_id = ? AND ${UNFINISHED} RETURNING attempt`,
        run_id,
      );
      if (row === null) throw new Error(`Cannot restart run "${run_id}": it has ended, or there is none with this id`);
      return row.attempt;
    });
  }

  endedAfter(session_id: string, after: number, limit: number): Promise<readonly StoredRun[]> {
    return this.#many("WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?", session_id, after, limit);
  }

  #one(where: string, ...params: (string | number)[]): Promise<StoredRun | null> {
    return this.#db.read(() => {
      const row = this.#db.get<RunRow>(`SELECT ${COLUMNS} FROM runs ${where}`, ...params);
      return row === null ? null : storedRun(row);
    });
  }

  #many(where: string, ...params: (string | number)[]): Promise<readonly StoredRun[]> {
    return this.#db.read(() => this.#db.all<RunRow>(`SELECT ${COLUMNS} FROM runs ${where}`, ...params).map(storedRun));
  }

  #create(run: NewRun, key: IdempotencyRecord | undefined): void {
    const { session_id, device_id, created_at } = run;
    this.#db.run(INSERT_SESSION, session_id, device_id, titleOf(run.title ?? run.input), created_at);
    this.#db.run(
      `INSERT INTO runs
         (run_id, session_id, event_id, device_id, origin, reach, input, message_id, state, created_at, started_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, CASE ?9 WHEN 'running' THEN ?10 END)`,
      run.run_id,
      session_id,
      run.event_id,
      device_id,
      run.origin,
      run.reach,
      run.input,
      run.message_id,
      run.state,
      created_at,
    );
    if (key !== undefined) claimKey(this.#db, key);
  }

  #finish(run_id: string, attempt: number, outcome: RunOutcome): boolean {
    const { state, response, model, usage, error, seq, ended_at, event_failure, reply } = outcome;
    const run = this.#db.get<{ id: number; session_id: string; event_id: string | null; input: string }>(
      `UPDATE runs SET state = ?3, response = ?4, model = ?5, input_tokens = ?6, output_tokens = ?7,
         error_code = ?8, error_detail = ?9, seq = ?10, ended_at = ?11
       WHERE run_id = ?1 AND attempt = ?2 AND ${UNFINISHED} RETURNING id, session_id, event_id, input`,
      run_id,
      attempt,
      state,
      response,
      model,
      usage?.input_tokens ?? null,
      usage?.output_tokens ?? null,
      error?.code ?? null,
      error?.detail ?? null,
      seq,
      ended_at,
    );
    if (run === null) return false;
    this.#db.run(
      "UPDATE sessions SET updated_at = max(updated_at, ?2) WHERE session_id = ?1",
      run.session_id,
      ended_at,
    );
    if (run.event_id !== null && event_failure !== undefined) {
      if (event_failure === null) endEvent(this.#db, run.event_id, null, ended_at, "");
      else failEvent(this.#db, run.event_id, null, event_failure);
    }
    // Without an answer there is nothing to send.
    if (reply !== undefined && response !== null) {
      const event_id = reply.event_id ?? run.event_id;
      addReply(this.#db, { ...run, event_id, run_id, content: response, model, ended_at }, reply);
    }
    this.#db.run("INSERT INTO run_search (rowid, text) VALUES (?, ?)", run.id, searchable(run.input, response ?? ""));
    return true;
  }
}

function storedRun({ input_tokens, output_tokens, error_code, error_detail, ...run }: RunRow): StoredRun {
  return {
    ...run,
    usage: input_tokens === null || output_tokens === null ? null : { input_tokens, output_tokens },
    error: error_code === null || error_detail === null ? null : { code: error_code, detail: error_detail },
  };
}

/** The first line of what opened the session, at most 80 characters. */
function titleOf(input: string): string {
  const line =
    input
      .trimStart()
      .slice(0, 4 * TITLE_LENGTH)
      .split(/[\r\n]/u, 1)[0] ?? "";
  return [...line].slice(0, TITLE_LENGTH).join("").trimEnd();
}
