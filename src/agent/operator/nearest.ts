/** The candidate that differs from `word` in at most a third of its letters (at least one); null when none is that close. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const apart = candidate.startsWith(word) && word.length >= 2 ? 0 : distance(word, candidate);
    if (apart >= least) continue;
    best = candidate;
    least = apart;
  }
  return best;
}

/** Letters to insert, delete, replace or swap with their neighbour. Both words are short: callers bound what people typed. */
function distance(a: string, b: string): number {
  let before: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, replaced, swap ? before[j - 2]! + 1 : replaced));
    }
    [before, above] = [above, row];
  }
  return above[b.length]!;
}
