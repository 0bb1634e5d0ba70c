/** The bytes of exactly `length` × 2 lower-case hex digits; null for anything else. */
export function lowerHex(text: string, length: number): Uint8Array | null {
  return text.length === length * 2 && /^[0-9a-f]*$/.test(text) ? Buffer.from(text, "hex") : null;
}

/** The bytes of exactly `length` × 2 hex digits of either case; null for anything else. */
export function anyHex(text: string, length: number): Uint8Array | null {
  return text.length === length * 2 && /^[0-9a-fA-F]*$/.test(text) ? Buffer.from(text, "hex") : null;
}

/** The `length` bytes that `text` is the base64 of, as RFC 4648 §4 writes it, padding included; null for anything else. */
export function canonicalBase64(text: string, length: number | null): Uint8Array | null {
  const bytes = Buffer.from(text, "base64"); // skips what is not base64, so only the way back tells
  return bytes.toString("base64") === text && (length === null || bytes.length === length) ? bytes : null;
}

/** The bytes of a header's value as they came: the fetch standard shows each as the character of its number. */
export function headerBytes(value: string): Uint8Array {
  return Buffer.from(value, "latin1");
}

/** A text as the header value whose bytes are its UTF-8. */
export function headerValue(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
