import { isObject } from "../../lib/json.ts";
import { jsonText } from "../../lib/json-text.ts";
import { field, firstText, list, text } from "../summary/field.ts";
import { checkFacts, deploymentFacts, jobFacts, runFacts, statusFacts } from "./github-checks.ts";
import { pushFacts } from "./github-push.ts";
import type { Sheet } from "./sheet.ts";

const BODY = 6_000;
const GENERAL = 4_000;

type Facts = (sheet: Sheet, payload: unknown) => void;

const FACTS: Readonly<Record<string, Facts>> = {
  push: pushFacts,
  pull_request: pullRequest,
  issues: (sheet, payload) => issue(sheet, field(payload, "issue"), payload),
  issue_comment: commentOn("issue"),
  commit_comment: commentOn("commit"),
  discussion: (sheet, payload) => issue(sheet, field(payload, "discussion"), payload),
  discussion_comment: commentOn("discussion"),
  pull_request_review: review,
  pull_request_review_comment: commentOn("pull_request"),
  workflow_run: runFacts,
  workflow_job: jobFacts,
  check_run: checkFacts("check_run"),
  check_suite: checkFacts("check_suite"),
  status: statusFacts,
  deployment_status: deploymentFacts,
  release,
};

/** Everybody's deliveries carry these: they say where, and not what. */
const EVERYWHERE = new Set(["action", "repository", "sender", "organization", "installation", "enterprise"]);

/** What a GitHub delivery is about (docs.github.com/webhooks/webhook-events-and-payloads); `name` is its `X-GitHub-Event`. */
export function githubFacts(sheet: Sheet, name: string, payload: unknown): void {
  sheet.fact("Repository", firstText(field(payload, "repository"), ["full_name", "name"]));
  if (field(payload, "repository") === undefined) sheet.fact("Organization", field(payload, "organization", "login"));
  sheet.fact("Action", field(payload, "action"));
  sheet.fact("Done by", field(payload, "sender", "login"));
  const facts = Object.hasOwn(FACTS, name) ? FACTS[name] : undefined;
  (facts ?? general)(sheet, payload);
}

function issue(sheet: Sheet, about: unknown, payload: unknown): void {
  heading(sheet, about);
  sheet.fact("State", firstText(about, ["state_reason", "state"]));
  sheet.fact("Label of this change", field(payload, "label", "name"));
  sheet.fact("Assignee of this change", field(payload, "assignee", "login"));
  sheet.list("Labels", names(about, "labels", "name"), 20, 60);
  sheet.list("Assignees", names(about, "assignees", "login"), 10, 60);
  sheet.text("Text", field(about, "body"), BODY);
}

function pullRequest(sheet: Sheet, payload: unknown): void {
  const about = field(payload, "pull_request");
  heading(sheet, about);
  sheet.fact("From branch", firstText(field(about, "head"), ["label", "ref"]));
  sheet.fact("Into branch", firstText(field(about, "base"), ["label", "ref"]));
  sheet.fact("State", field(about, "merged") === true ? "merged" : field(about, "state"));
  if (field(about, "draft") === true) sheet.say("It is a draft.");
  for (const [label, key] of STATS) sheet.fact(label, field(about, key));
  sheet.fact("Label of this change", field(payload, "label", "name"));
  sheet.fact("Asked to review", field(payload, "requested_reviewer", "login"));
  sheet.list("Labels", names(about, "labels", "name"), 20, 60);
  sheet.text("Text", field(about, "body"), BODY);
}

const STATS = [
  ["Commits", "commits"],
  ["Changed files", "changed_files"],
  ["Lines added", "additions"],
  ["Lines deleted", "deletions"],
] as const;

/** A comment, and what it is on. */
function commentOn(key: "issue" | "pull_request" | "discussion" | "commit"): Facts {
  return (sheet, payload) => {
    const comment = field(payload, "comment");
    if (key !== "commit") on(sheet, key, field(payload, key));
    sheet.fact("On commit", field(comment, "commit_id"), 40);
    sheet.fact("On file", field(comment, "path"));
    sheet.fact("On line", field(comment, "line"));
    sheet.text("On these lines", field(comment, "diff_hunk"), 1_500);
    sheet.fact("Author", field(comment, "user", "login"));
    sheet.fact("Author is", field(comment, "author_association"));
    sheet.fact("Address", field(comment, "html_url"));
    sheet.text("Text before the change", field(payload, "changes", "body", "from"), BODY / 2);
    sheet.text("Comment", field(comment, "body"), BODY);
  };
}

function review(sheet: Sheet, payload: unknown): void {
  const about = field(payload, "review");
  on(sheet, "pull_request", field(payload, "pull_request"));
  sheet.fact("Verdict", field(about, "state"));
  sheet.fact("Reviewer", field(about, "user", "login"));
  sheet.fact("Reviewer is", field(about, "author_association"));
  sheet.fact("Address", field(about, "html_url"));
  sheet.text("Review", field(about, "body"), BODY);
}

function on(sheet: Sheet, key: string, about: unknown): void {
  const isPull = key === "pull_request" || isObject(field(about, "pull_request"));
  const noun = isPull ? "pull request" : key;
  sheet.fact(`Number of the ${noun}`, field(about, "number"));
  sheet.fact(`Title of the ${noun}`, field(about, "title"));
  sheet.fact(`State of the ${noun}`, field(about, "state"));
  sheet.text(`Beginning of the ${noun}`, field(about, "body"), 1_500);
}

function heading(sheet: Sheet, about: unknown): void {
  sheet.fact("Number", field(about, "number"));
  sheet.fact("Title", field(about, "title"));
  sheet.fact("Address", field(about, "html_url"));
  sheet.fact("Author", field(about, "user", "login"));
  sheet.fact("Author is", field(about, "author_association"));
}

function release(sheet: Sheet, payload: unknown): void {
  const about = field(payload, "release");
  sheet.fact("Tag", field(about, "tag_name"));
  sheet.fact("Name", field(about, "name"));
  sheet.fact("From branch", field(about, "target_commitish"));
  if (field(about, "prerelease") === true) sheet.say("It is a pre-release.");
  if (field(about, "draft") === true) sheet.say("It is a draft.");
  sheet.fact("Author", field(about, "author", "login"));
  sheet.fact("Address", field(about, "html_url"));
  sheet.list("Files", names(about, "assets", "name"), 20, 120);
  sheet.text("Notes", field(about, "body"), BODY);
}

/** An event without words of its own, or one not yet invented: its payload without what stands in every one. */
function general(sheet: Sheet, payload: unknown): void {
  if (!isObject(payload)) return;
  const rest = Object.fromEntries(Object.entries(payload).filter(([key]) => !EVERYWHERE.has(key)));
  if (Object.keys(rest).length > 0) sheet.text("Payload", jsonText(rest, GENERAL), GENERAL);
}

function names(about: unknown, key: string, name: string): readonly string[] {
  return list(about, key).map((each) => text(each, name));
}
