import { readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The published page, line by line, as it is. */
export const PAGE: readonly string[] = readFileSync(
  resolve(import.meta.dir, "../fixtures/spec/gateway-command.txt"),
  "utf8",
).split("\n");

/** The lines from the one that is `first` up to, without it, the one that is `end`; blank ones around them are dropped. */
export function linesBetween(first: string, end: string): readonly string[] {
  const from = PAGE.indexOf(first);
  const to = PAGE.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`The page has no "${first}" before a "${end}"`);
  return PAGE.slice(from, to).join("\n").trim().split("\n");
}

/** What the page shows below a `$` line as the output of that command. */
export function transcript(command: string, end: string): string {
  return `${linesBetween(command, end).slice(1).join("\n")}\n`;
}

/** Commands that the page shows between two headings, comments left out. */
export function commandsBetween(heading: string, end: string): readonly string[] {
  return linesBetween(heading, end).filter((line) => /^(zeroclaw|lsof|ssh) /.test(line));
}
