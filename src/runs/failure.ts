import { AgentError } from "../agent/agent.ts";
import type { Log } from "../observe/log.ts";
import { Problem } from "../protocol/problem.ts";

/** Answers longer than this are cut off as a failure of the agent: nothing may fill the disk by itself. */
const MAX_ANSWER = 8 * 1024 * 1024;

/** What whoever asked is told of an agent that did not answer. What nobody foresaw is logged, not told. */
export function failureOf(reason: unknown, run_id: string, log: Log): Problem {
  if (reason instanceof Problem) return reason;
  if (reason instanceof AgentError) {
    const { code, message, retryAfter } = reason;
    return new Problem(code, { detail: message, cause: reason, ...(retryAfter === undefined ? {} : { retryAfter }) });
  }
  log.error("The agent failed in a way it should not", { run_id, error: String(reason) });
  return new Problem("agent_failed", { detail: "The agent failed. The gateway's log says how.", cause: reason });
}

export function timeoutAfter(ms: number): Problem {
  return new Problem("agent_timeout", { detail: `The agent did not answer within ${ms / 1_000} s.` });
}

/** Thrown when an agent's events end without `done`. */
export function unfinished(): AgentError {
  return new AgentError("The agent stopped in the middle of its answer.");
}

/** Counts the characters of one answer. @throws AgentError when there are too many */
export function answerMeter(): (content: string) => void {
  let length = 0;
  return (content) => {
    length += content.length;
    if (length > MAX_ANSWER) throw new AgentError("The agent's answer is longer than 8 MB.", { permanent: true });
  };
}
