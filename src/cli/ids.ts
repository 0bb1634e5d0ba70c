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

/** The one id that is, or begins with, what was typed. `what` names the thing: "device". @throws CommandError */
export function resolveId(typed: string, ids: readonly string[], doing: string, what: string): string {
  const wanted = typed.toLowerCase();
  if (ids.includes(wanted)) return wanted;
  checkPrefix(wanted, doing, what);
  const found = ids.filter((id) => id.startsWith(wanted));
  if (found.length === 1 && found[0] !== undefined) return found[0];
  if (found.length === 0) throw noneSuch(typed, doing, what);
  const first = found.slice(0, 5).map((id) => `\n  ${id}`);
  throw new CommandError(
    `Cannot ${doing}: "${printableLine(typed)}" is the beginning of ${found.length} ${what}s. Give more of the id:${first.join("")}`,
  );
}

/** @throws CommandError when it is too short to mean one thing, or cannot be the beginning of an id. */
export function checkPrefix(typed: string, doing: string, what: string): void {
  if (!/^[0-9a-f-]*$/i.test(typed)) throw noneSuch(typed, doing, what);
  if (typed.length >= SHORTEST) return;
  throw new CommandError(
    `Cannot ${doing}: "${printableLine(typed)}" is too short for the beginning of a ${what}'s id. ` +
      `At least ${SHORTEST} characters are needed.`,
  );
}

function noneSuch(typed: string, doing: string, what: string): CommandError {
  const shown = printableLine(typed);
  return new CommandError(`Cannot ${doing}: there is no ${what} "${shown}".\nFor their ids: zeroclaw ${what}s list`);
}
