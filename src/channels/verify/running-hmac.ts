import { equalBytes } from "../../lib/equal.ts";

export type HmacAlgorithm = "sha1" | "sha256" | "sha512";

export const DIGEST_BYTES: Readonly<Record<HmacAlgorithm, number>> = { sha1: 20, sha256: 32, sha512: 64 };

/** One HMAC for each key, all over the same bytes. Used once. */
export class RunningHmac {
  readonly #hashers: readonly Bun.CryptoHasher[];

  /** @throws Error for an empty key: Bun would take it, and anyone could sign with it. */
  constructor(algorithm: HmacAlgorithm, keys: readonly (string | Uint8Array)[]) {
    if (keys.some((key) => key.length === 0)) throw new Error("Cannot verify with an empty key.");
    this.#hashers = keys.map((key) => new Bun.CryptoHasher(algorithm, key));
  }

  update(bytes: string | Uint8Array): void {
    for (const hasher of this.#hashers) hasher.update(bytes);
  }

  /** Whether any key made any of the given digests. All are compared, whatever the first says. */
  matches(given: readonly Uint8Array[]): boolean {
    let found = false;
    for (const hasher of this.#hashers) {
      const digest = hasher.digest();
      for (const candidate of given) found = equalBytes(digest, candidate) || found;
    }
    return found;
  }
}

/** The HMAC of `parts`, one after another. */
export function hmac(
  algorithm: HmacAlgorithm,
  key: string | Uint8Array,
  parts: readonly (string | Uint8Array)[],
): Buffer {
  if (key.length === 0) throw new Error("Cannot sign with an empty key.");
  const hasher = new Bun.CryptoHasher(algorithm, key);
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}
