import { isMarked } from "../lib/github-marker.ts";
import { isObject } from "../lib/json.ts";
import { field, text, whole } from "./fields.ts";
import { sessionOf } from "./names.ts";

/** What decides about a delivery. */
export interface GithubFacts {
  /** `issues`, `push`: the X-GitHub-Event header. */
  readonly event: string;
  /** `issues.opened`, `push`. */
  readonly type: string;
  /** `owner/name`; null when the event is no repository's, or that name can be none. */
  readonly repository: string | null;
  /** Of the repository; of the organization when the event is no repository's. */
  readonly owner: string | null;
  /** Of the issue or pull request; both are commented on alike. */
  readonly number: number | null;
  readonly session_id: string;
  /** A bot caused the event or wrote one of its texts. */
  readonly byBot: boolean;
  /** The texts that decide who is speaking; none in events such as `push`. */
  readonly writings: readonly Writing[];
}

export interface Writing {
  /** OWNER, MEMBER, COLLABORATOR, CONTRIBUTOR, NONE, …; "" when GitHub does not say. */
  readonly association: string;
  /** It holds the mark of a comment that this gateway wrote. */
  readonly marked: boolean;
}

/** Where each event has the text that it is about. https://docs.github.com/webhooks/webhook-events-and-payloads */
const WRITINGS: Readonly<Record<string, string>> = {
  issues: "issue",
  issue_comment: "comment",
  pull_request: "pull_request",
  pull_request_review: "review",
  pull_request_review_comment: "comment",
  discussion: "discussion",
  discussion_comment: "comment",
  commit_comment: "comment",
};
/** Where texts are in events that are not among them: whoever wrote one of them may be speaking. */
const ELSEWHERE = ["comment", "review", "discussion", "pull_request", "issue"] as const;

const EVENT = /^[a-z0-9_]{1,64}$/;
const ACTION = /^[A-Za-z0-9_-]{1,60}$/;
const REPOSITORY = /^([A-Za-z0-9_.-]{1,100})\/([A-Za-z0-9_.-]{1,100})$/;

/** The name in an X-GitHub-Event header; null when that can be none of GitHub's. */
export function eventNameOf(header: string | null): string | null {
  return header !== null && EVENT.test(header) ? header : null;
}

/** `payload` as `githubPayload` reads it. Never throws, whatever it holds. */
export function githubFacts(event: string, payload: unknown): GithubFacts {
  const action = text(payload, "action");
  const writings = writingsIn(event, payload);
  const repository = repositoryOf(payload);
  return {
    event,
    type: ACTION.test(action) ? `${event}.${action}` : event,
    repository,
    owner: ownerOf(repository, payload),
    number: numberIn(payload, "issue") ?? numberIn(payload, "pull_request"),
    session_id: sessionIn(payload),
    byBot: [payload, ...writings].some((at) => isBot(field(at, "sender")) || isBot(field(at, "user"))),
    writings: writings.map(asWriting),
  };
}

function writingsIn(event: string, payload: unknown): readonly unknown[] {
  const known = Object.hasOwn(WRITINGS, event) ? WRITINGS[event] : undefined;
  if (known !== undefined) return [field(payload, known)]; // where it is missing, nobody is trusted
  return ELSEWHERE.map((key) => field(payload, key)).filter(isObject);
}

function asWriting(writing: unknown): Writing {
  return { association: text(writing, "author_association"), marked: isMarked(text(writing, "body")) };
}

function isBot(user: unknown): boolean {
  return text(user, "type") === "Bot" || text(user, "login").toLowerCase().endsWith("[bot]");
}

/** Only what can stand in an address of GitHub's API, where answers go. */
function repositoryOf(payload: unknown): string | null {
  const [name = null, ...parts] = REPOSITORY.exec(text(payload, "repository", "full_name")) ?? [];
  return parts.some((part) => /^\.+$/.test(part)) ? null : name;
}

function ownerOf(repository: string | null, payload: unknown): string | null {
  if (repository !== null) return repository.split("/", 1)[0] ?? null;
  const named = text(payload, "repository", "full_name") !== "";
  return named ? null : text(payload, "organization", "login") || null;
}

function numberIn(payload: unknown, key: string): number | null {
  const number = whole(payload, key, "number");
  return number !== null && number > 0 ? number : null;
}

/**
 * `github:owner.name:12` of an issue, pull request or discussion, which share one row of numbers; else the repository's.
 * An owner's name has no dot, so the first dot ends it. For any other name the slash in front has it hashed.
 */
function sessionIn(payload: unknown): string {
  const full = text(payload, "repository", "full_name");
  if (full === "") return "github";
  const number = ["issue", "pull_request", "discussion"]
    .map((key) => numberIn(payload, key))
    .find((found) => found !== null);
  const repository = /^[^./]+\/[^/]+$/.test(full) ? full.replace("/", ".") : `/${full}`;
  return sessionOf("github", number === undefined ? [repository] : [repository, String(number)]);
}
