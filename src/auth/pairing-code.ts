import { below, type Random } from "../lib/random.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS = "0123456789";
/** People type codes with spaces and word processors turn dashes into longer ones; all of that is the same code. */
const CODE = /^([A-Za-z]{4})[-\s\u2010-\u2015]?([0-9]{4})[-\s\u2010-\u2015]?([A-Za-z]{4})$/;
const MAX_LENGTH = 64;

/** A new code such as `WXYZ-1234-ABCD`: one of 26^8 · 10^4 = 2·10^15, every one equally likely. */
export function newCode(random: Random): string {
  return `${draw(random, LETTERS)}-${draw(random, DIGITS)}-${draw(random, LETTERS)}`;
}

/** The code as it was printed, whatever its case and with or without its dashes; null when `text` is no code. */
export function normalizeCode(text: string): string | null {
  if (text.length > MAX_LENGTH) return null;
  const match = CODE.exec(text.trim());
  return match && `${match[1]}-${match[2]}-${match[3]}`.toUpperCase();
}

/** Whether `text` has the shape of a code. Tokens (`zc_…`) never have. */
export function looksLikeCode(text: string): boolean {
  return normalizeCode(text) !== null;
}

function draw(random: Random, alphabet: string): string {
  let text = "";
  for (let i = 0; i < 4; i += 1) text += alphabet[below(random, alphabet.length)];
  return text;
}
