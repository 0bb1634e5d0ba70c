import { sha256Hex } from "../lib/hash.ts";

/** One entry of `gateway.paired_tokens`. */
export interface TokenEntry {
  /** Lower-case hex; null when the entry is neither a hash nor a token. */
  readonly hash: string | null;
  /** What the file should hold: never a token. */
  readonly text: string;
  /** Whether a person wrote the token itself. */
  readonly plaintext: boolean;
}

const HASH = /^[0-9a-fA-F]{64}$/;
const TOKEN = /^zc_[0-9a-fA-F]{64}$/;

/** Reads the list as the file holds it. An entry that is not understood keeps its text, so that no rewrite loses it. */
export function parseEntries(entries: readonly string[]): readonly TokenEntry[] {
  return entries.map((entry) => {
    const text = entry.trim();
    if (HASH.test(text)) return { hash: text.toLowerCase(), text: text.toLowerCase(), plaintext: false };
    if (!TOKEN.test(text)) return { hash: null, text: entry, plaintext: false };
    const hash = sha256Hex(text);
    return { hash, text: hash, plaintext: true };
  });
}
