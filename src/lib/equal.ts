/** Compares digests without telling by its time where they differ. Their lengths are no secret: unequal ones are told apart at once. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

/** The same for secrets of any length: both are hashed first, so that not even the length shows. */
export function equalSecrets(a: Uint8Array, b: Uint8Array): boolean {
  return crypto.timingSafeEqual(digest(a), digest(b));
}

function digest(bytes: Uint8Array): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(bytes).digest();
}
