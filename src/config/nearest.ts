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

/** Optimal string alignment: Levenshtein's distance in which a swap of neighbours counts as one. */
export function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const wrong = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + wrong); // rows have b.length + 1 numbers
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
