import { parseSince } from "../lib/time.ts";
import { showFound } from "../protocol/check.ts";
import { Problem } from "../protocol/problem.ts";

/** A point in time: RFC 3339, or a duration back from `now`. @throws Problem bad_field */
export function timeOf(field: string, text: string, now: number): number {
  const at = parseSince(text, now);
  if (at !== null) return at;
  throw new Problem("bad_field", {
    detail: `"${field}" must be a time such as 2026-11-22T12:00:00Z or a duration such as 24h (found ${showFound(text)}).`,
  });
}

/** One of a few words. @throws Problem bad_field */
export function wordOf<T extends string>(field: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((known) => known === text);
  if (found !== undefined) return found;
  throw new Problem("bad_field", {
    detail: `"${field}" must be one of ${allowed.join(", ")} (found ${showFound(text)}).`,
  });
}

/**
 * Refuses a body with keys beside `known`. Other bodies may have them, but one that selects what is done to many events
 * must not do it to all of them because a filter was misspelt. @throws Problem bad_field
 */
export function onlyKeys(body: object, known: readonly string[]): void {
  const unknown = Object.keys(body).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new Problem("bad_field", {
    detail: `The body has the key ${showFound(unknown)}, which means nothing here. Its keys are ${known.join(", ")}.`,
  });
}
