export type RunState = "queued" | "running" | "done" | "failed" | "cancelled";

/** Which door a run came through. `notice`: the agent itself said something in another conversation, through a tool. */
export type RunOrigin = "http" | "websocket" | "event" | "reminder" | "notice";

/**
 * What a run may reach. `owner`: all the gateway's data. `chat`: its own device's sessions. `channel`: only its own
 * session, because the text comes from strangers.
 */
export type Reach = "owner" | "chat" | "channel";

export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
}

/** Why a run did not end with an answer: a code of the problem catalogue and a sentence for people. */
export interface RunError {
  readonly code: string;
  readonly detail: string;
}

/** A run as it is stored. Times are milliseconds since the epoch. */
export interface StoredRun {
  readonly run_id: string;
  readonly session_id: string;
  readonly event_id: string | null;
  readonly device_id: string | null;
  readonly origin: RunOrigin;
  readonly reach: Reach;
  readonly input: string;
  readonly state: RunState;
  /** 1 for the first try; higher when the gateway ended in the middle of an earlier one. */
  readonly attempt: number;
  /** The id of the answer's message in the session's history, known from the start. */
  readonly message_id: string;
  readonly response: string | null;
  readonly model: string | null;
  readonly usage: Usage | null;
  readonly error: RunError | null;
  /** The `seq` of the terminal frame; null until the run has ended. */
  readonly seq: number | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
}

/** The row of `GET /api/runs/{id}` and of the `runs` topic (contract §7). */
export interface RunRow {
  readonly run_id: string;
  readonly session_id: string;
  readonly event_id?: string;
  readonly state: RunState;
  readonly attempt: number;
  readonly response?: string;
  readonly model?: string;
  readonly error?: RunError;
  readonly started_at: string | null;
  readonly ended_at?: string;
}
