/** SHA-256 as 64 lower-case hex digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return Bun.SHA256.hash(data, "hex");
}

/** Compares two strings without telling by its time where they differ: both are hashed first, so the lengths do not matter either. */
export function sameSecret(a: string, b: string): boolean {
  const left = new Bun.CryptoHasher("sha256").update(a).digest();
  const right = new Bun.CryptoHasher("sha256").update(b).digest();
  return crypto.timingSafeEqual(left, right);
}
