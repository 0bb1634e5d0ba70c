import type { Json } from "../lib/json.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { Reach, RunOrigin, Usage } from "../protocol/run.ts";

/** One message of a session's history. */
export interface HistoryMessage {
  readonly role: "user" | "assistant";
  readonly content: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What an agent is asked to answer. */
export interface AgentTurn {
  readonly run_id: string;
  readonly session_id: string;
  readonly attempt: number;
  readonly origin: RunOrigin;
  /** What the answer may draw on; an agent must not show more than this allows. */
  readonly reach: Reach;
  /** The device that asked; null when a channel or a reminder did. */
  readonly device_id: string | null;
  /** What was said, or the prompt made of an event. */
  readonly text: string;
  /** The delivery behind the turn, if one is. Its text is a stranger's. */
  readonly event: EventWithBody | null;
  /** The answer is sent to whoever the delivery is from, outside this machine. */
  readonly goesBack: boolean;
  /** The session's messages before this one, oldest first, at most `limit` of the latest. */
  history(limit: number): Promise<readonly HistoryMessage[]>;
}

export type PermissionDecision = "allow" | "deny" | "always";

/** What an agent says while it answers. The last event of a turn that succeeds is `done`. */
export type AgentEvent =
  | { readonly type: "delta"; readonly content: string }
  | { readonly type: "thought"; readonly content: string }
  | {
      readonly type: "tool";
      readonly call_id: string;
      readonly name: string;
      readonly state: "running" | "done" | "failed";
      readonly input?: Json;
      readonly output?: Json;
    }
  | {
      readonly type: "permission";
      readonly title: string;
      readonly options: readonly PermissionDecision[];
      /** Called exactly once; `deny` when nobody answers within a minute. */
      decide(decision: PermissionDecision): void;
    }
  | { readonly type: "done"; readonly usage?: Usage };

/** Thrown by an agent: `permanent` errors are not tried again (a wrong key, an unknown model). */
export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly permanent: boolean;

  constructor(message: string, options: ErrorOptions & { permanent?: boolean } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.permanent = options.permanent ?? false;
  }
}

/** Who answers. The text of the answer is all its deltas, one after the other. */
export interface Agent {
  /** `operator`, `model`, `acp`. */
  readonly kind: string;
  /** What stands in `model` of an answer. */
  readonly model: string;
  /** Answers one turn. Stops soon after `signal` aborts. @throws AgentError when it cannot answer. */
  run(turn: AgentTurn, signal: AbortSignal): AsyncIterable<AgentEvent>;
  stop(): Promise<void>;
}
