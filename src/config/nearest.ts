import { distance } from "../lib/nearest.ts";

/**
 * The candidate that `word` was probably meant to be: one that ends like it, else the one that takes the fewest slips
 * of the keyboard (a letter too many, too few, wrong, or two swapped). Null when none is close.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const known = [...candidates];
  const lower = word.toLowerCase();
  const sameEnd = known.filter((each) => lastPart(each) === lastPart(lower));
  if (sameEnd.length === 1) return sameEnd[0]!;
  let best: string | null = null;
  let fewest = Math.max(1, Math.floor(word.length / 4)) + 1;
  for (const each of known) {
    if (Math.abs(each.length - word.length) >= fewest) continue;
    const slips = distance(lower, each.toLowerCase());
    if (slips < fewest) {
      fewest = slips;
      best = each;
    }
  }
  return best;
}

function lastPart(key: string): string {
  return key.slice(key.lastIndexOf(".") + 1);
}
