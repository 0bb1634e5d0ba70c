/** Randomness as an argument. `systemRandom` is the operating system's CSPRNG. */
export interface Random {
  bytes(length: number): Uint8Array;
}

export const systemRandom: Random = { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) };

/** A whole number from 0 to `limit - 1` (`limit` at most 256), every one equally likely: bytes past the last whole multiple are drawn again. */
export function below(random: Random, limit: number): number {
  const usable = 256 - (256 % limit);
  for (;;) {
    const byte = random.bytes(1)[0]!;
    if (byte < usable) return byte % limit;
  }
}
