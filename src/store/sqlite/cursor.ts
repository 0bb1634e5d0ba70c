import { Problem } from "../../protocol/problem.ts";

/** Which list a cursor belongs to; the first letter of its text. */
export type CursorKind = "e" | "m" | "r" | "s";

/** Numbers as the text of a cursor: clients hand it back and read nothing into it. */
export function cursorOf(kind: CursorKind, ...position: readonly number[]): string {
  return kind + position.map((n) => n.toString(36)).join("-");
}

/**
 * The `length` numbers inside a cursor of that kind.
 * @throws Problem `bad_request` when it is none.
 */
export function positionOf(kind: CursorKind, length: number, cursor: string): readonly number[] {
  const position = cursor.slice(1, 64).split("-").map(numberOf);
  // Only the text that `cursorOf` would give is taken, so that there is one cursor for each place.
  if (position.length !== length || cursorOf(kind, ...position) !== cursor) {
    throw new Problem("bad_request", {
      detail: `Cannot go on from ${JSON.stringify(cursor.slice(0, 64))}: it is no \`next\` of this list. Leave \`after\` out to begin anew.`,
    });
  }
  return position;
}

function numberOf(digits: string): number {
  const n = Number.parseInt(digits, 36);
  return Number.isSafeInteger(n) ? n : -1;
}
