import { isObject } from "../../lib/json.ts";
import { field, firstText, list, number, text } from "./field.ts";

/** A line about one kind of event; "" when the payload has not what it takes, and then the general line is used. */
type Phrase = (payload: unknown) => string;

const PHRASES: Readonly<Record<string, Phrase>> = {
  push,
  pull_request: (p) => numbered(p, "pull_request", "Pull request", pullRequestVerb(p)),
  issues: (p) => numbered(p, "issue", "Issue", verb(p)),
  issue_comment: (p) => comment(p, field(p, "issue", "pull_request") === undefined ? "issue" : "pull request"),
  pull_request_review: review,
  workflow_run: workflowRun,
  release,
  ping,
  star: (p) => done(p, text(p, "action") === "deleted" ? "unstarred" : "starred", ""),
  fork: (p) => done(p, "forked", ` to ${text(p, "forkee", "full_name") || "another account"}`),
  create: (p) => named(p, "created"),
  delete: (p) => named(p, "deleted"),
  gollum: wiki,
};

/** Objects that stand beside the one an event is about. */
const BESIDE = new Set(["repository", "sender", "organization", "installation", "enterprise", "changes"]);

/** The line about a GitHub webhook payload; `name` is what its `X-GitHub-Event` said. Never empty. */
export function summarizeGithub(name: string, payload: unknown): string {
  const phrase = Object.hasOwn(PHRASES, name) ? PHRASES[name] : undefined;
  return phrase?.(payload) || general(name, payload);
}

/**
 * The name of a GitHub event told by its shape, for deliveries whose header is missing; null when it is no such thing.
 * Forges that copied GitHub's payloads are told the same way.
 */
export function githubName(payload: unknown): string | null {
  if (!isObject(payload) || !text(payload, "repository", "full_name").includes("/")) return null;
  const has = (key: string) => isObject(field(payload, key));
  if (text(payload, "zen") !== "" && has("hook")) return "ping";
  if (text(payload, "ref") !== "" && text(payload, "before") !== "" && text(payload, "after") !== "") return "push";
  if (text(payload, "ref_type") !== "") return field(payload, "master_branch") === undefined ? "delete" : "create";
  if (has("forkee")) return "fork";
  if (field(payload, "starred_at") !== undefined) return "star";
  if (has("review")) return "pull_request_review";
  if (has("issue")) return has("comment") ? "issue_comment" : "issues";
  if (has("pull_request")) {
    if (has("comment")) return "pull_request_review_comment";
    return has("thread") ? "pull_request_review_thread" : "pull_request";
  }
  if (has("workflow_run")) return "workflow_run"; // before "workflow", which stands beside it
  if (text(payload, "sender", "login") === "") return null;
  return Object.keys(payload).find((key) => /^[a-z0-9_]{1,64}$/.test(key) && !BESIDE.has(key) && has(key)) ?? null;
}

function push(payload: unknown): string {
  const ref = text(payload, "ref");
  if (ref === "") return "";
  const tag = ref.startsWith("refs/tags/");
  const target = `${tag ? "tag" : "branch"} ${ref.replace(/^refs\/(heads|tags)\//, "")}`;
  const by = text(payload, "sender", "login") || text(payload, "pusher", "name") || "Somebody";
  const where = inRepository(payload);
  if (field(payload, "deleted") === true) return `${by} deleted ${target}${where}`;
  const commits = list(payload, "commits").length;
  const title = firstLine(text(payload, "head_commit", "message"));
  if (tag || commits === 0) return `${by} pushed ${target}${where}${tail(title)}`;
  const verb = field(payload, "forced") === true ? "force-pushed" : "pushed";
  return `${by} ${verb} ${commits} ${commits === 1 ? "commit" : "commits"} to ${target}${where}${tail(title)}`;
}

function pullRequestVerb(payload: unknown): string {
  if (text(payload, "action") === "closed" && field(payload, "pull_request", "merged") === true) return "merged";
  return text(payload, "action") === "synchronize" ? "updated" : verb(payload);
}

/** `Issue #5 opened in acme/app by alice: The title`. */
function numbered(payload: unknown, key: string, noun: string, action: string): string {
  if (!isObject(field(payload, key))) return "";
  const label = text(payload, "label", "name");
  const what = label === "" ? action : `${action} "${label}"`;
  return `${noun}${numberOf(payload, key)} ${what}${inRepository(payload)}${bySender(payload)}${tail(text(payload, key, "title"))}`;
}

function comment(payload: unknown, noun: string): string {
  if (!isObject(field(payload, "comment"))) return "";
  const on = `${noun}${numberOf(payload, "issue")}${inRepository(payload)}`;
  const said = tail(text(payload, "comment", "body"));
  if (text(payload, "action") === "created") return `${sender(payload)} commented on ${on}${said}`;
  return `${sender(payload)} ${verb(payload)} a comment on ${on}${said}`;
}

function review(payload: unknown): string {
  if (!isObject(field(payload, "review"))) return "";
  const state = text(payload, "review", "state").toLowerCase();
  const on = `pull request${numberOf(payload, "pull_request")}${inRepository(payload)}`;
  const said = tail(text(payload, "review", "body") || text(payload, "pull_request", "title"));
  if (text(payload, "action") !== "submitted") return `${sender(payload)} ${verb(payload)} a review of ${on}${said}`;
  if (state === "approved") return `${sender(payload)} approved ${on}${said}`;
  if (state === "changes_requested") return `${sender(payload)} requested changes on ${on}${said}`;
  return `${sender(payload)} reviewed ${on}${said}`;
}

const CONCLUSIONS: Readonly<Record<string, string>> = {
  success: "succeeded",
  failure: "failed",
  timed_out: "timed out",
  cancelled: "was cancelled",
  skipped: "was skipped",
  action_required: "needs a decision",
  startup_failure: "could not start",
};

function workflowRun(payload: unknown): string {
  const run = field(payload, "workflow_run");
  if (!isObject(run)) return "";
  const conclusion = text(run, "conclusion");
  const how = Object.hasOwn(CONCLUSIONS, conclusion) ? CONCLUSIONS[conclusion] : conclusion || verb(payload);
  const branch = text(run, "head_branch");
  const on = branch === "" ? "" : ` on branch ${branch}`;
  const count = number(run, "run_number");
  const name = text(run, "name") || text(payload, "workflow", "name");
  const what = name === "" ? "Workflow" : `Workflow "${name}"`;
  return `${what} ${how}${on}${inRepository(payload)}${count === null ? "" : ` (run ${count})`}`;
}

function release(payload: unknown): string {
  if (!isObject(field(payload, "release"))) return "";
  const tag = text(payload, "release", "tag_name");
  const title = text(payload, "release", "name");
  return `Release ${tag} ${verb(payload)}${inRepository(payload)}${bySender(payload)}${tail(title === tag ? "" : title)}`;
}

function ping(payload: unknown): string {
  const of = repository(payload);
  return `GitHub reached this webhook${of === "" ? "" : ` for ${of}`}${tail(text(payload, "zen"))}`;
}

function done(payload: unknown, what: string, rest: string): string {
  const of = repository(payload);
  return of === "" ? "" : `${sender(payload)} ${what} ${of}${rest}`;
}

function named(payload: unknown, what: string): string {
  const ref = text(payload, "ref");
  if (ref === "") return "";
  return `${sender(payload)} ${what} ${text(payload, "ref_type") || "ref"} ${ref}${inRepository(payload)}`;
}

function wiki(payload: unknown): string {
  const pages = list(payload, "pages");
  const action = text(pages, 0, "action");
  if (action === "") return "";
  const more = pages.length === 1 ? "" : ` and ${pages.length - 1} more`;
  return `${sender(payload)} ${action} the wiki page "${text(pages, 0, "title")}"${more}${inRepository(payload)}`;
}

/** `GitHub check run completed in acme/app by alice: lint (success)`: true of every event, also of those not yet invented. */
function general(name: string, payload: unknown): string {
  const action = text(payload, "action");
  const what = `${name.replace(/_/g, " ")}${action === "" ? "" : ` ${action.replace(/_/g, " ")}`}`;
  const subject = ["alert", "comment", "rule", name].map((key) => field(payload, key)).find(isObject);
  const title = firstText(subject, ["title", "name", "login", "summary", "body", "context", "environment"]);
  const state = firstText(subject, ["conclusion", "state", "status"]) || text(payload, "state");
  return `GitHub ${what}${inRepository(payload)}${bySender(payload)}${tail(title)}${state === "" ? "" : ` (${state})`}`;
}

function verb(payload: unknown): string {
  return text(payload, "action").replace(/_/g, " ") || "changed";
}

function sender(payload: unknown): string {
  return text(payload, "sender", "login") || "Somebody";
}

function bySender(payload: unknown): string {
  const login = text(payload, "sender", "login");
  return login === "" ? "" : ` by ${login}`;
}

function repository(payload: unknown): string {
  return text(payload, "repository", "full_name") || text(payload, "organization", "login");
}

function inRepository(payload: unknown): string {
  const of = repository(payload);
  return of === "" ? "" : ` in ${of}`;
}

function numberOf(payload: unknown, key: string): string {
  const found = number(payload, key, "number");
  return found === null ? "" : ` #${found}`;
}

function tail(said: string): string {
  return said.trim() === "" ? "" : `: ${said.trim()}`;
}

function firstLine(said: string): string {
  return said.trimStart().split("\n", 1)[0] ?? "";
}
