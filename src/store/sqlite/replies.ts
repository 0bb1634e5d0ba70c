import type { ReplyState, ReplyTarget, StoredReply } from "../../protocol/reply.ts";
import type { NewReply, ReplyOutcome, ReplyStore } from "../store.ts";
import type { Connection } from "./database.ts";
import { isDuplicate } from "./errors.ts";
import {
  claimDue,
  dueWhenAdded,
  dueWhenRetried,
  HOLD_MS,
  promote,
  REBASE_STEP,
  REPLIES,
  rebaseWaiting,
} from "./queue.ts";
import type { Writer } from "./writer.ts";

const SELECT = `
  SELECT p.reply_id, e.event_id, p.run_id, p.source, p.session_id, p.target, coalesce(p.content, r.response, '') AS content,
         p.model, p.state, p.attempts, p.parts_sent, p.detail, p.created_at, p.updated_at
  FROM replies p JOIN events e ON e.id = p.event LEFT JOIN runs r ON r.run_id = p.run_id`;

const INSERT = `
  INSERT INTO replies (reply_id, event, run_id, source, session_id, target, content, model, created_at, updated_at, due_at)
  SELECT ?1, id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ${dueWhenAdded(REPLIES, "?5")} FROM events WHERE event_id = ?2`;

// The condition of the index `replies_settled`.
const SETTLED = "state IN ('sent', 'uncertain', 'dead')";

interface Row extends Omit<StoredReply, "target"> {
  readonly target: string;
}

export class SqliteReplies implements ReplyStore {
  readonly #db: Connection;
  readonly #writer: Writer;

  constructor(db: Connection, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  claim(limit: number, now: number, source: string): Promise<readonly StoredReply[]> {
    return this.#writer.write(() =>
      claimDue(this.#db, REPLIES, limit, now, source).map((id) =>
        storedReply(this.#db.get<Row>(`${SELECT} WHERE p.id = ?`, id)!),
      ),
    );
  }

  partSent(reply_id: string, attempt: number): Promise<void> {
    return this.#writer.write(() => {
      this.#db.run(
        "UPDATE replies SET parts_sent = parts_sent + 1 WHERE reply_id = ? AND attempts = ? AND state = 'sending'",
        reply_id,
        attempt,
      );
    });
  }

  settle(reply_id: string, attempt: number, outcome: ReplyOutcome): Promise<boolean> {
    return this.#writer.write(() =>
      outcome.state === "retrying"
        ? this.#retry(reply_id, attempt, outcome)
        : this.#end(reply_id, attempt, outcome.state, outcome),
    );
  }

  interrupted(source: string): Promise<readonly StoredReply[]> {
    // By its index, or SQLite would rather walk the whole table in order than sort these few.
    const sending = "SELECT id FROM replies INDEXED BY replies_sending WHERE state = 'sending' AND source = ?";
    return this.#many(`WHERE p.id IN (${sending}) ORDER BY p.id`, source);
  }

  sources(): Promise<readonly string[]> {
    const of = (state: ReplyState) => `SELECT source FROM replies INDEXED BY replies_${state} WHERE state = '${state}'`;
    const sql = `${of("pending")} UNION ${of("retrying")} UNION ${of("sending")}`;
    return this.#db.read(() => this.#db.all<{ source: string }>(sql).map(({ source }) => source));
  }

  async rebase(now: number): Promise<number> {
    let changed = 0;
    for (;;) {
      const step = await this.#writer.write(() => rebaseWaiting(this.#db, REPLIES, now));
      changed += step;
      if (step < REBASE_STEP) return changed;
    }
  }

  ofEvent(event_id: string): Promise<readonly StoredReply[]> {
    return this.#many("WHERE p.event = (SELECT id FROM events WHERE event_id = ?) ORDER BY p.id DESC", event_id);
  }

  counts(): Promise<Readonly<Record<ReplyState, number>>> {
    // Each of the subqueries reads one partial index and no row.
    return this.#db.read(
      () =>
        this.#db.get<Record<ReplyState, number>>(
          `SELECT (SELECT count(*) FROM replies WHERE state = 'pending') AS pending,
                  (SELECT count(*) FROM replies WHERE state = 'sending') AS sending,
                  (SELECT count(*) FROM replies WHERE state = 'retrying') AS retrying,
                  (SELECT count(*) FROM replies WHERE ${SETTLED} AND state = 'sent') AS sent,
                  (SELECT count(*) FROM replies WHERE ${SETTLED} AND state = 'uncertain') AS uncertain,
                  (SELECT count(*) FROM replies WHERE ${SETTLED} AND state = 'dead') AS dead`,
        )!,
    );
  }

  #retry(reply_id: string, attempt: number, { at, detail, next_at }: ReplyOutcome): boolean {
    const reply = this.#db.get<{ session_id: string }>(
      `UPDATE replies SET state = 'retrying', detail = ?3, updated_at = ?4, due_at = ?5,
         failed_at = min(?4, coalesce(failed_at, ?4)), hold_until = min(?4, coalesce(failed_at, ?4)) + ?6
       WHERE reply_id = ?1 AND attempts = ?2 AND state = 'sending' RETURNING session_id`,
      reply_id,
      attempt,
      detail,
      at,
      dueWhenRetried(next_at ?? at),
      HOLD_MS,
    );
    if (reply === null) return false;
    promote(this.#db, REPLIES, reply.session_id);
    return true;
  }

  #end(reply_id: string, attempt: number, state: "sent" | "uncertain" | "dead", { at, detail }: ReplyOutcome): boolean {
    const { changes } = this.#db.run(
      `UPDATE replies SET state = ?3, detail = ?4, updated_at = ?5, content = NULL
       WHERE reply_id = ?1 AND attempts = ?2 AND state = 'sending'`,
      reply_id,
      attempt,
      state,
      detail,
      at,
    );
    return changes > 0;
  }

  #many(where: string, ...params: readonly string[]): Promise<readonly StoredReply[]> {
    return this.#db.read(() => this.#db.all<Row>(`${SELECT} ${where}`, ...params).map(storedReply));
  }
}

/** The run whose answer is to go back. */
export interface AnsweredRun {
  readonly run_id: string;
  readonly event_id: string | null;
  readonly session_id: string;
  readonly content: string;
  readonly model: string | null;
  readonly ended_at: number;
}

/** Puts an answer among those to be sent. Part of a unit of work. */
export function addReply(db: Connection, run: AnsweredRun, reply: NewReply): void {
  const { reply_id, source, target } = reply;
  const { run_id, event_id, session_id, content, model, ended_at } = run;
  const doing = `Cannot store reply "${reply_id}" of run "${run_id}"`;
  try {
    const values = [source, session_id, JSON.stringify(target), content, model, ended_at] as const;
    if (db.run(INSERT, reply_id, event_id, run_id, ...values).changes > 0) return;
  } catch (cause) {
    if (!isDuplicate(cause)) throw cause;
    throw new Error(`${doing}: one with this id is stored already`, { cause });
  }
  throw new Error(`${doing}: there is no event ${JSON.stringify(event_id)} that it could answer`);
}

function storedReply(row: Row): StoredReply {
  // as: `addReply` wrote this JSON, from a ReplyTarget.
  return { ...row, target: JSON.parse(row.target) as ReplyTarget };
}
