import type { Json } from "../lib/json.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { Reach, RunOrigin, Usage } from "../protocol/run.ts";
import type { Tools } from "./tools/tools.ts";

/** One message of a session's history. */
export interface HistoryMessage {
  readonly role: "user" | "assistant";
  readonly content: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** An answer that was stopped before it was whole. */
  readonly cut?: true;
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
  /**
   * No part of a conversation: its history came along with it, nothing of it is kept, and what an agent has for it alone
   * can go when it ends.
   */
  readonly once: boolean;
  /** What the asker's program says about how to answer; null when it says nothing. */
  readonly instructions: string | null;
  /** The session's messages before this one, oldest first, at most `limit` of the latest. */
  history(limit: number): Promise<readonly HistoryMessage[]>;
  /** What of the gateway the agent may use in this turn's name; null when a stranger's text is in it. */
  tools(): Promise<Tools | null>;
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
  /** `cut`: the answer ends where the agent may say no more, not where it was finished. */
  | { readonly type: "done"; readonly usage?: Usage; readonly cut?: true };

export interface AgentErrorOptions extends ErrorOptions {
  /** Trying again would end the same way: a wrong key, an unknown model. @default false */
  readonly permanent?: boolean;
  /** `agent_unavailable` (503): it could not be reached or has no room now. @default "agent_failed" (502) */
  readonly code?: "agent_failed" | "agent_unavailable";
  /** Whole seconds after which it may go better, if the agent said so. */
  readonly retryAfter?: number;
}

/** Thrown by an agent that cannot answer. The message is shown to whoever asked: what was found and what to do, no secrets. */
export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly permanent: boolean;
  readonly code: "agent_failed" | "agent_unavailable";
  readonly retryAfter: number | undefined;

  constructor(message: string, options: AgentErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.permanent = options.permanent ?? false;
    this.code = options.code ?? "agent_failed";
    this.retryAfter = options.retryAfter;
  }
}

/** Who answers. The text of the answer is all its deltas, one after the other. */
export interface Agent {
  /** `operator`, `model`, `acp`; with `auto`, that of whoever was found. */
  readonly kind: string;
  /** What stands in `model` of an answer. May change while a turn is answered: the end of the turn counts. */
  readonly model: string;
  /** Answers one turn. Stops soon after `signal` aborts. @throws AgentError when it cannot answer. */
  run(turn: AgentTurn, signal: AbortSignal): AsyncIterable<AgentEvent>;
  /** The conversation was deleted: nothing of it may be remembered or used any more. For agents that keep something of it. */
  forget?(session_id: string): void;
  stop(): Promise<void>;
}
