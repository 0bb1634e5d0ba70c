import type { ErrorFrame, RunFrame } from "../../protocol/frames.ts";
import type { Principal } from "../../protocol/principal.ts";
import { Problem } from "../../protocol/problem.ts";
import type { OnceEvent } from "../../runs/once.ts";
import type { RunHandle } from "../../runs/runs.ts";
import type { ApiParts } from "../parts.ts";
import { problemOf } from "../wait.ts";
import type { Question } from "./conversation.ts";
import { DO_NOT_RETRY } from "./errors.ts";

export type SessionParts = Pick<ApiParts, "access" | "runs" | "streams">;

/**
 * The answer to the last message alone, in a session of the gateway's, which has the history itself and keeps this too.
 * Whoever leaves before the end cancels the run.
 * @throws Problem what refuses the message, or ended the run
 */
export async function* answerInSession(
  { access, runs, streams }: SessionParts,
  asked: { readonly principal: Principal; readonly session_id: string } & Question,
  signal: AbortSignal,
): AsyncGenerator<OnceEvent, void, void> {
  const { principal, session_id, text, instructions } = asked;
  const place = await access.forMessage(principal, session_id);
  signal.throwIfAborted();
  const run = await runs.start({ ...place, origin: "http", text, ...(instructions === null ? {} : { instructions }) });
  const reader = new RunReader(run);
  let acquired = false;
  try {
    const stream = await streams.acquire(run.session_id);
    acquired = true;
    for await (const { frame } of stream.read(run.after, signal)) {
      yield* reader.take(frame);
      if (reader.over) return;
    }
    signal.throwIfAborted();
    throw new Problem("cancelled", { detail: `The session "${run.session_id}" was removed.` });
  } finally {
    if (acquired) streams.release(run.session_id);
    if (!reader.over) runs.cancel(run.run_id);
  }
}

/** Takes a run's answer from the frames of its session, whole, although a slow reader may find old pieces gone. */
class RunReader {
  over = false;
  readonly #run_id: string;
  #last: number;
  /** Pieces have gone before they were read: what is missing comes with the end. */
  #torn = false;
  #given = 0;

  constructor({ run_id, after }: RunHandle) {
    this.#run_id = run_id;
    this.#last = after;
  }

  /** @throws Problem when the frame says that the run failed */
  take(frame: RunFrame): readonly OnceEvent[] {
    const seq = frame.seq ?? this.#last;
    this.#torn ||= seq > this.#last + 1;
    this.#last = seq;
    if (!("run_id" in frame) || frame.run_id !== this.#run_id) return [];
    switch (frame.type) {
      case "delta":
        if (this.#torn) return [];
        this.#given += frame.content.length;
        return [{ type: "delta", content: frame.content }];
      case "thought":
        return [{ type: "thought", content: frame.content }];
      case "tool":
        return [];
      case "response": {
        this.over = true;
        const rest = frame.content.slice(this.#given);
        // Frames do not say whether an answer was cut off.
        const done = { type: "done", usage: frame.usage ?? null, model: frame.model, cut: false } as const;
        return rest === "" ? [done] : [{ type: "delta", content: rest }, done];
      }
      case "error":
        this.over = true;
        throw ended(frame);
    }
  }
}

/** The message is in the session now: a client that asks again by itself would say it twice. */
function ended(frame: ErrorFrame): Problem {
  const { code, message } = problemOf(frame);
  return new Problem(code, { detail: message, headers: DO_NOT_RETRY });
}
