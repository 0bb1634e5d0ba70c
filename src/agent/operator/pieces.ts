/** Small enough that an answer is seen to grow, large enough that a long one is not thousands of frames. */
const PIECE = 24;
/** No piece is longer, not even one without blanks. */
const MAX_PIECE = 96;

/** The text in pieces of a few words each; put together they are the text again. No surrogate pair is torn. */
export function* pieces(text: string): Generator<string> {
  let piece = "";
  for (const [word] of text.matchAll(/\S+\s*|\s+/g)) {
    piece += word;
    if (piece.length < PIECE) continue;
    yield* chunks(piece);
    piece = "";
  }
  if (piece !== "") yield piece;
}

function* chunks(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    let end = Math.min(text.length, start + MAX_PIECE);
    if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1] ?? "")) end -= 1;
    yield text.slice(start, end);
    start = end;
  }
}
