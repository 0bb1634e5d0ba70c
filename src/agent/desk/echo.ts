import type { StoredRun } from "../../protocol/run.ts";
import { keywords } from "./keywords.ts";

/** So much of a word must occur for its other forms to count: the store's search knows endings, this does not. */
const STEM = 4;

/**
 * Whether a conversation that a search found only repeats what is found better elsewhere: the operator's commands and
 * its answers about events and notes, and questions that were about the same words. Whatever a person told it, and all
 * that another agent answered, is no echo.
 */
export function isEcho(run: Pick<StoredRun, "model" | "event_id" | "input"> | null, words: string): boolean {
  if (run?.model !== "operator") return false;
  if (run.event_id !== null || run.input.trimStart().startsWith("/")) return true;
  const searched = words.toLowerCase().split(/\s+/);
  const input = run.input.toLowerCase();
  if (!searched.every((word) => input.includes(word.slice(0, STEM)))) return true; // only the answer has them
  return keywords(input).every((word) => searched.some((each) => each.slice(0, STEM) === word.slice(0, STEM)));
}
