/** Where a code unit begins to cost a half of a token, and where a whole one. */
const LATIN_END = 0x80;
const CJK_START = 0x2e80;

/**
 * How many tokens a text is, about: a quarter for every ASCII character, a half for every other one below U+2E80 (accents,
 * Greek, Cyrillic, Arabic, …), one for every UTF-16 unit from there on (CJK, emoji). No tokenizer is asked: each model has
 * another, and the window only has to be safe. Between a quarter of the text's length and all of it; a longer text is
 * never fewer.
 */
export function estimateTokens(text: string): number {
  let quarters = 0;
  for (let i = 0; i < text.length; i += 1) quarters += quartersOf(text.charCodeAt(i));
  return Math.ceil(quarters / 4);
}

/** `text`, or its beginning and its end around a note that says how much is missing, in at most `max` tokens, but never less than that note. */
export function cutMiddle(text: string, max: number): string {
  if (estimateTokens(text) <= max) return text;
  const room = Math.max(0, max - estimateTokens(noteOf(text.length)));
  const head = fits(text, Math.floor((room * 2) / 3), 1);
  const tail = fits(text, Math.floor(room / 3), -1);
  // A half of a pair at a cut would be no character; replaced, it is one and costs no more.
  const start = text.slice(0, head).replace(/[\ud800-\udbff]$/, "");
  const end = text.slice(text.length - tail).replace(/^[\udc00-\udfff]/, "");
  return `${start}${noteOf(text.length - start.length - end.length)}${end}`;
}

function noteOf(missing: number): string {
  return `\n[… ${missing} characters are left out here, the text is too long …]\n`;
}

/** How many units from the start (`step` 1) or the end (-1) are at most `max` tokens. */
function fits(text: string, max: number, step: 1 | -1): number {
  let quarters = 0;
  for (let count = 0; count < text.length; count += 1) {
    quarters += quartersOf(text.charCodeAt(step === 1 ? count : text.length - 1 - count));
    if (quarters > max * 4) return count;
  }
  return text.length;
}

function quartersOf(unit: number): number {
  if (unit < LATIN_END) return 1;
  return unit < CJK_START ? 2 : 4;
}
