import { field, firstText, list, text } from "../summary/field.ts";
import type { Sheet } from "./sheet.ts";

const COMMITS = 20;
const FILES = 60;
/** Commits that are searched for files: GitHub sends at most 2,048. */
const SEARCHED = 2_048;

/** A push: its branch, commits and files. */
export function pushFacts(sheet: Sheet, payload: unknown): void {
  const ref = text(payload, "ref");
  const isTag = ref.startsWith("refs/tags/");
  sheet.fact(isTag ? "Tag" : "Branch", ref.replace(/^refs\/(heads|tags)\//, ""));
  if (field(payload, "created") === true) sheet.say(isTag ? "The tag is new." : "The branch is new.");
  if (field(payload, "deleted") === true) sheet.say(isTag ? "The tag was deleted." : "The branch was deleted.");
  if (field(payload, "forced") === true) sheet.say("It was forced: history was rewritten.");
  sheet.fact("Pushed by", firstText(field(payload, "pusher"), ["name", "email"]));
  sheet.fact("Comparison", field(payload, "compare"));
  const commits = list(payload, "commits");
  sheet.list("Commits", commits.map(commitLine), COMMITS, 200);
  if (commits.length === 0) sheet.fact("Latest commit", commitLine(field(payload, "head_commit")));
  sheet.text("Message of the latest commit", longMessage(payload), 2_000);
  sheet.list("Files", files(commits), FILES, 200);
}

/** `3fa2b1c Fix the door (Alice)` */
function commitLine(commit: unknown): string {
  const [title = ""] = text(commit, "message").trimStart().split("\n", 1);
  const author = firstText(field(commit, "author"), ["username", "name"]);
  const line = `${text(commit, "id").slice(0, 7)} ${title}`.trim();
  return author === "" || line === "" ? line : `${line} (${author})`;
}

/** Its first line is in the list already. */
function longMessage(payload: unknown): unknown {
  const message = field(payload, "head_commit", "message");
  return typeof message === "string" && message.trim().includes("\n") ? message : undefined;
}

/** Each path once, with what became of it last. */
function files(commits: readonly unknown[]): readonly string[] {
  const changes = new Map<string, string>();
  for (const commit of commits.slice(0, SEARCHED)) {
    for (const change of ["added", "modified", "removed"]) {
      for (const path of list(commit, change)) if (typeof path === "string") changes.set(path, change);
    }
  }
  return [...changes].map(([path, change]) => `${change} ${path.slice(0, 400)}`);
}
