import type { Clock } from "../lib/clock.ts";
import type { ErrorFrame } from "../protocol/frames.ts";
import { PROBLEMS, Problem, type ProblemCode } from "../protocol/problem.ts";

/** The promise's value, or `late` when it takes longer than `ms`. */
export function within<T, L>(work: Promise<T>, ms: number, late: L, clock: Clock): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(late));
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}

/** The refusal that an ended run's error frame stands for. */
export function problemOf(frame: ErrorFrame): Problem {
  const code = Object.hasOwn(PROBLEMS, frame.code) ? (frame.code as ProblemCode) : "agent_failed"; // own key: checked
  return new Problem(code, { detail: frame.detail });
}
