import type { Usage } from "./run.ts";

/** A piece of the answer. Text of an earlier `attempt` is to be discarded. */
export interface DeltaFrame {
  readonly type: "delta" | "thought";
  readonly run_id: string;
  readonly message_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly attempt: number;
  readonly content: string;
}

export interface ToolFrame {
  readonly type: "tool";
  readonly run_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly attempt: number;
  readonly call_id: string;
  readonly name: string;
  readonly state: "running" | "done" | "failed";
  readonly input?: unknown;
  readonly output?: unknown;
}

/** The whole answer: the one frame that a client which asked for nothing else receives. */
export interface ResponseFrame {
  readonly type: "response";
  readonly content: string;
  readonly session_id: string;
  readonly message_id: string;
  readonly run_id: string;
  readonly seq: number;
  readonly model: string;
  readonly usage?: Usage;
  /** The `id` of the message it answers, if that had one. */
  readonly id?: string;
}

/** With `run_id` it ends that run; without, it refuses a frame. */
export interface ErrorFrame {
  readonly type: "error";
  readonly code: string;
  readonly detail: string;
  readonly id?: string;
  readonly run_id?: string;
  readonly session_id?: string;
  readonly seq?: number;
  readonly retry_after?: number;
}

/** What a run says, in the order of `seq`; the last one is a ResponseFrame or an ErrorFrame. */
export type RunFrame = DeltaFrame | ToolFrame | ResponseFrame | ErrorFrame;

/** True for the one frame that ends a run. */
export function isTerminal(frame: RunFrame): frame is ResponseFrame | ErrorFrame {
  return frame.type === "response" || frame.type === "error";
}

/** What happens in the gateway, for subscribers and `/api/stream`; `data` is the row of contract §7. */
export interface TopicFrame {
  readonly type: "event" | "run" | "device";
  readonly topic: string;
  readonly at: string;
  readonly data: unknown;
}
