import type { RunOrigin, RunState } from "../../protocol/run.ts";
import type { Page, StoredMessage } from "../store.ts";
import { cursorOf, positionOf } from "./cursor.ts";
import type { Connection } from "./database.ts";

/** A run as its two messages: what was asked carries the run's id, the answer the one it was promised. */
interface Exchange {
  readonly id: number;
  readonly run_id: string;
  readonly message_id: string;
  readonly origin: RunOrigin;
  readonly state: RunState;
  readonly input: string;
  readonly response: string | null;
  readonly created_at: number;
  readonly ended_at: number | null;
}

interface Placed {
  /** Twice the run's number, and one more for an answer. */
  readonly position: number;
  readonly message: StoredMessage;
}

const COLUMNS = "id, run_id, message_id, origin, state, input, response, created_at, ended_at";

/** A page of a session's messages, oldest first: every question is followed by its answer, also where several waited. */
export function listMessages(
  db: Connection,
  session_id: string,
  page: { readonly limit: number; readonly after?: string },
): Page<StoredMessage> {
  const after = page.after === undefined ? -1 : positionOf("m", 1, page.after)[0]!;
  const runs = db.all<Exchange>(
    `SELECT ${COLUMNS} FROM runs WHERE session_id = ? AND id >= ? ORDER BY id LIMIT ?`,
    session_id,
    Math.floor(after / 2),
    page.limit + 2, // the first one may have been shown already, and one more tells whether this page is the last
  );
  const placed = runs.flatMap(messagesOf).filter(({ position }) => position > after);
  const shown = placed.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    items: shown.map(({ message }) => message),
    next: placed.length > page.limit && last ? cursorOf("m", last.position) : null,
  };
}

/**
 * The latest `limit` messages of what was asked and answered before `run_id`, oldest first; none when that run is not of
 * this session. What got no answer is left out: asked again with every later question, one that cannot be answered would
 * spoil its conversation for good.
 */
export function messagesBefore(
  db: Connection,
  session_id: string,
  run_id: string,
  limit: number,
): readonly StoredMessage[] {
  if (limit <= 0) return [];
  const runs = db.all<Exchange>(
    `SELECT ${COLUMNS} FROM runs
     WHERE session_id = ?1 AND id < (SELECT id FROM runs WHERE run_id = ?2 AND session_id = ?1)
       AND response IS NOT NULL ORDER BY id DESC LIMIT ?3`,
    session_id,
    run_id,
    limit,
  );
  return runs
    .reverse()
    .flatMap(messagesOf)
    .slice(-limit)
    .map(({ message }) => message);
}

function messagesOf(run: Exchange): readonly Placed[] {
  const { id, run_id, message_id, origin, state, input, response, created_at, ended_at } = run;
  if (origin === "notice") {
    const at = ended_at ?? created_at;
    return [{ position: id * 2 + 1, message: { message_id, run_id, role: "assistant", content: input, at } }];
  }
  const question: Placed = {
    position: id * 2,
    message: { message_id: run_id, run_id, role: "user", content: input, at: created_at },
  };
  if (response === null || ended_at === null) return [question];
  const cut = state === "cancelled" ? ({ cut: true } as const) : {};
  const answer = { message_id, run_id, role: "assistant", content: response, at: ended_at, ...cut } as const;
  return [question, { position: id * 2 + 1, message: answer }];
}
