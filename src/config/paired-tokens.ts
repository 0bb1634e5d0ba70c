import { sha256Hex } from "../lib/hash.ts";

const HASH = /^[0-9a-f]{64}$/i;
const TOKEN = /^zc_[0-9a-f]{64}$/i;

/**
 * The hash that an entry of `gateway.paired_tokens` stands for: the entry itself in lower case, or the SHA-256 of the
 * plaintext token that a person wrote there. Null when it is neither.
 */
export function hashOfPairedToken(entry: string): string | null {
  if (HASH.test(entry)) return entry.toLowerCase();
  return TOKEN.test(entry) ? sha256Hex(entry) : null;
}
