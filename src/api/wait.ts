import type { Clock } from "../lib/clock.ts";
import type { ErrorFrame } from "../protocol/frames.ts";
import { PROBLEMS, Problem, type ProblemCode } from "../protocol/problem.ts";

/** The promise's value, or `late` when it takes longer than `ms` or `hurry` aborts first. */
export function within<T, const L>(
  work: Promise<T>,
  ms: number,
  late: L,
  clock: Clock,
  hurry?: AbortSignal,
): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      timer.cancel();
      hurry?.removeEventListener("abort", giveUp);
      settle();
    };
    const giveUp = () => end(() => resolve(late));
    const timer = clock.after(ms, giveUp);
    hurry?.addEventListener("abort", giveUp, { once: true });
    work.then(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    );
    if (hurry?.aborted) giveUp();
  });
}

/** The refusal that an ended run's error frame stands for. */
export function problemOf(frame: Pick<ErrorFrame, "code" | "detail">): Problem {
  const code = Object.hasOwn(PROBLEMS, frame.code) ? (frame.code as ProblemCode) : "agent_failed"; // own key: checked
  return new Problem(code, { detail: frame.detail });
}
