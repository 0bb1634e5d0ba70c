import type { Random } from "./random.ts";

/** Milliseconds from a failure to the next attempt: about 5 s, 30 s, 2 min, 10 min, 1 h, 6 h; after that it is given up. */
export const RETRY_DELAYS_MS = [5_000, 30_000, 120_000, 600_000, 3_600_000, 21_600_000] as const;

const JITTER = 0.2;

/** When attempt number `attempt` (the first is 1) has failed: the time of the next, or null when it was the last. */
export function nextAttemptAt(attempt: number, now: number, random: Random): number | null {
  const delay = RETRY_DELAYS_MS[attempt - 1];
  if (delay === undefined) return null;
  // Jitter keeps what failed together from coming back together.
  const share = random.bytes(1)[0]! / 255;
  return Math.round(now + delay * (1 - JITTER + 2 * JITTER * share));
}
