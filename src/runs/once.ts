import type { Agent, AgentEvent, AgentTurn, HistoryMessage } from "../agent/agent.ts";
import type { Tools } from "../agent/tools/tools.ts";
import { untilAborted } from "../lib/abort.ts";
import type { Clock } from "../lib/clock.ts";
import { newId } from "../lib/ids.ts";
import type { Log } from "../observe/log.ts";
import type { Principal } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { Usage } from "../protocol/run.ts";
import { ownSession, reachOf } from "./access.ts";
import { answerMeter, failureOf, timeoutAfter, unfinished } from "./failure.ts";

/** A question that brings its own conversation along. */
export interface OnceRequest {
  readonly principal: Principal;
  readonly text: string;
  /** What was said before it, oldest first. */
  readonly history: readonly HistoryMessage[];
  readonly instructions: string | null;
}

export interface OnceParts {
  readonly agent: Agent;
  readonly clock: Clock;
  readonly log: Log;
  readonly timeoutMs: number;
  readonly toolsFor: (
    turn: Pick<AgentTurn, "reach" | "device_id" | "session_id" | "run_id" | "attempt">,
  ) => Promise<Tools | null>;
  /** Told of every answer's end, for metrics. */
  readonly onEnded?: (state: "done" | "failed" | "cancelled", ms: number) => void;
  /** Told how the agent did: null when it answered, else why it could not. */
  readonly onAnswer?: (trouble: string | null) => void;
}

export type OnceEvent =
  | Extract<AgentEvent, { type: "delta" | "thought" | "tool" }>
  | { readonly type: "done"; readonly usage: Usage | null; readonly model: string; readonly cut: boolean };

/**
 * Answers under way at the same time. Bun makes at most 256 requests at once: with half of them the rest of the gateway still
 * reaches its agent and sends its replies.
 */
const MAX_UNDER_WAY = 128;

/**
 * Answers that belong to one request: nothing of them is stored, and they end with the connection that asked. What the
 * agent asks permission for is refused, because such clients cannot be asked.
 */
export class Once {
  readonly #parts: OnceParts;
  readonly #underWay = new Set<AbortController>();
  #stopping = false;

  constructor(parts: OnceParts) {
    this.#parts = parts;
  }

  get active(): number {
    return this.#underWay.size;
  }

  /**
   * The answer as it comes; the last event is `done`. Aborting `signal`, or leaving the loop, stops the agent.
   * @throws Problem when the agent cannot answer, takes too long, or the gateway stops
   */
  async *answer(request: OnceRequest, signal: AbortSignal): AsyncGenerator<OnceEvent, void, void> {
    const { agent, clock, log, timeoutMs, onEnded, onAnswer } = this.#parts;
    signal.throwIfAborted();
    if (this.#stopping) throw new Problem("shutting_down", { retryAfter: 5 });
    if (this.#underWay.size >= MAX_UNDER_WAY) {
      throw new Problem("agent_unavailable", {
        detail: `${MAX_UNDER_WAY} answers are under way already. Try again in a moment.`,
        retryAfter: 5,
      });
    }
    const abort = new AbortController();
    const stop = AbortSignal.any([signal, abort.signal]);
    const timer = clock.after(timeoutMs, () => abort.abort(timeoutAfter(timeoutMs)));
    const turn = this.#turnOf(request);
    const began = clock.monotonic();
    let state: "done" | "failed" | "cancelled" = "cancelled";
    this.#underWay.add(abort);
    let events: AsyncIterator<AgentEvent> | null = null;
    try {
      events = agent.run(turn, stop)[Symbol.asyncIterator]();
      const count = answerMeter();
      for (;;) {
        const { value: event, done } = await untilAborted(events.next(), stop);
        if (done) throw unfinished();
        if (event.type === "permission") event.decide("deny");
        else if (event.type === "done") {
          state = "done";
          onAnswer?.(null);
          yield { type: "done", usage: event.usage ?? null, model: agent.model, cut: event.cut ?? false };
          return;
        } else {
          if (event.type === "delta") count(event.content);
          yield event;
        }
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      state = "failed";
      const failure = failureOf(stop.aborted ? stop.reason : error, turn.run_id, log);
      if (failure.code !== "shutting_down") onAnswer?.(failure.message);
      throw failure;
    } finally {
      timer.cancel();
      this.#underWay.delete(abort);
      abort.abort(new Problem("cancelled"));
      void events?.return?.().catch(() => undefined); // its failures are of no interest any more
      onEnded?.(state, clock.monotonic() - began);
    }
  }

  /** Takes no more questions, and ends those under way. */
  stop(): void {
    this.#stopping = true;
    for (const abort of this.#underWay) abort.abort(new Problem("shutting_down", { retryAfter: 5 }));
  }

  #turnOf({ principal, text, history, instructions }: OnceRequest): AgentTurn {
    const { device_id } = principal;
    const run_id = newId(this.#parts.clock.now());
    const asker = { run_id, attempt: 1, session_id: ownSession(principal), reach: reachOf(principal), device_id };
    return {
      ...asker,
      origin: "http",
      text,
      event: null,
      goesBack: false,
      once: true,
      instructions,
      history: async (limit) => (limit <= 0 ? [] : history.slice(-limit)),
      tools: () => this.#parts.toolsFor(asker),
    };
  }
}
