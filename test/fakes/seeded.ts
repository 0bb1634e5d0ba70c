/** Numbers in [0, 1) that depend on nothing but the seed (mulberry32): a run that failed can be run again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from 0 to `below` - 1. */
export function below(random: () => number, below: number): number {
  return Math.floor(random() * below);
}

export function pick<T>(random: () => number, list: readonly T[]): T {
  const one = list[below(random, list.length)];
  if (one === undefined) throw new Error("Cannot pick from an empty list");
  return one;
}
