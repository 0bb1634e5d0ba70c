import { distance } from "../config/nearest.ts";

const MAX_LENGTH = 64;

/**
 * The candidate that somebody who typed `word` most likely meant: one that `word` begins, or one that differs in at most
 * a third of its letters (at least one). Undefined when nothing is that close.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const typed = word.slice(0, MAX_LENGTH).toLowerCase();
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const begins = typed.length >= 2 && candidate.startsWith(typed);
    const difference = begins ? 1 : distance(typed, candidate.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(typed.length, candidate.length) / 3));
    if (difference > allowed || difference >= least) continue;
    best = candidate;
    least = difference;
  }
  return best;
}
