/**
 * Cuts `text` into pieces of at most `max` UTF-16 units, for messengers that limit a message: between paragraphs if that
 * fills more than half a piece, else between lines, else between words, else anywhere but inside a character. Blank
 * pieces are left out. The same text always gives the same pieces, because a retry goes on after those that arrived.
 */
export function splitText(text: string, max: number): readonly string[] {
  const pieces: string[] = [];
  let rest = text.trimEnd();
  while (rest.length > max) {
    const end = cutAt(rest, max);
    pieces.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).replace(/^(?:[^\S\n]*\n)+|^ /, ""); // not the indentation of the next line
  }
  pieces.push(rest);
  return pieces.filter((piece) => piece.trim() !== "");
}

function cutAt(text: string, max: number): number {
  for (const border of ["\n\n", "\n", " "]) {
    const at = text.lastIndexOf(border, max);
    if (at > max / 2) return at;
  }
  const code = text.charCodeAt(max - 1);
  return code >= 0xd800 && code <= 0xdbff ? max - 1 : max; // not between the halves of a character
}
