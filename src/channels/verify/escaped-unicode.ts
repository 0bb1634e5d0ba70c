const WINDOW = 16_384;
const HEX = Buffer.from("0123456789abcdef");
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/**
 * Gives `sink` the text with every UTF-16 unit outside ASCII as `\uXXXX`, lower case, a window at a time: no second copy of
 * the body is made. The bytes given to `sink` are valid until it returns.
 * @returns false, perhaps after some calls, if the bytes are not UTF-8
 */
export function escapeUnicode(body: Uint8Array, sink: (ascii: Uint8Array) => void): boolean {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const out = new Uint8Array((WINDOW + 4) * 6); // a window may bring the rest of a character that began in the last
  try {
    for (let from = 0; from < body.length; from += WINDOW) {
      const text = decoder.decode(body.subarray(from, from + WINDOW), { stream: true });
      sink(out.subarray(0, escapeInto(out, text)));
    }
    decoder.decode(); // throws if the last character is not whole
    return true;
  } catch {
    return false;
  }
}

/** Whether there is anything to escape. */
export function hasNonAscii(body: Uint8Array): boolean {
  for (let i = 0; i < body.length; i += 1) if (body[i]! > 0x7f) return true;
  return false;
}

/** Returns how many bytes were written. */
function escapeInto(out: Uint8Array, text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      out[length++] = unit;
      continue;
    }
    out[length] = BACKSLASH;
    out[length + 1] = LETTER_U;
    out[length + 2] = HEX[unit >> 12]!;
    out[length + 3] = HEX[(unit >> 8) & 15]!;
    out[length + 4] = HEX[(unit >> 4) & 15]!;
    out[length + 5] = HEX[unit & 15]!;
    length += 6;
  }
  return length;
}
