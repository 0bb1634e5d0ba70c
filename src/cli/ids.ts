import { CommandError } from "./exit-codes.ts";
import { printableLine } from "./printable.ts";

const SHORTEST = 4;
const SHORTEST_SHOWN = 8;
const WHOLE = 36;

/** How many characters of each id must be shown so that all of them differ; at least 8. */
export function shortLength(ids: readonly string[]): number {
  for (let length = SHORTEST_SHOWN; length < WHOLE; length += 1) {
    if (new Set(ids.map((id) => id.slice(0, length))).size === new Set(ids).size) return length;
  }
  return WHOLE;
}

/** Whether it is a UUID as a whole. */
export function isWholeId(typed: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(typed);
}

/**
 * The one id that is, or begins with, what was typed. `what` names the thing: "device"; `list` is the command that shows
 * their ids. @throws CommandError
 */
export function resolveId(
  typed: string,
  ids: readonly string[],
  doing: string,
  what: string,
  list: string = listOf(what),
): string {
  const wanted = typed.toLowerCase();
  if (ids.includes(wanted)) return wanted;
  checkPrefix(wanted, doing, what, list);
  const found = ids.filter((id) => id.startsWith(wanted));
  if (found.length === 1 && found[0] !== undefined) return found[0];
  if (found.length === 0) throw noneSuch(typed, doing, what, list);
  const first = found.slice(0, 5).map((id) => `\n  ${id}`);
  throw new CommandError(
    `Cannot ${doing}: "${printableLine(typed)}" is the beginning of ${found.length} ${what}s. Give more of the id:${first.join("")}`,
  );
}

/** @throws CommandError when it is too short to mean one thing, or cannot be the beginning of an id. */
export function checkPrefix(typed: string, doing: string, what: string, list: string = listOf(what)): void {
  if (!/^[0-9a-f-]*$/i.test(typed) || typed.length > WHOLE) throw noneSuch(typed, doing, what, list);
  if (typed.length >= SHORTEST) return;
  throw new CommandError(
    `Cannot ${doing}: "${printableLine(typed)}" is too short for the beginning of a ${what}'s id. ` +
      `At least ${SHORTEST} characters are needed.`,
  );
}

function listOf(what: string): string {
  return `zeroclaw ${what}s list`;
}

function noneSuch(typed: string, doing: string, what: string, list: string): CommandError {
  return new CommandError(`Cannot ${doing}: there is no ${what} "${printableLine(typed)}".\nFor their ids: ${list}`);
}
