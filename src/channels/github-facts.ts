import { isObject } from "../lib/json.ts";
import { field, text, whole } from "./fields.ts";
import { isBot, type Writing } from "./github-writings.ts";
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
  /** The texts that decide who is speaking: all of their authors must be trusted. None in events such as `push`. */
  readonly writings: readonly Writing[];
}

/** The text that an event is about, and what that text is written about: who wrote the latter is not speaking now. */
interface Topic {
  readonly text: string;
  readonly about?: string;
}

/** https://docs.github.com/webhooks/webhook-events-and-payloads */
const TOPICS: Readonly<Record<string, Topic>> = {
  issues: { text: "issue" },
  issue_comment: { text: "comment", about: "issue" },
  pull_request: { text: "pull_request" },
  pull_request_review: { text: "review", about: "pull_request" },
  pull_request_review_comment: { text: "comment", about: "pull_request" },
  discussion: { text: "discussion" },
  discussion_comment: { text: "comment", about: "discussion" },
  commit_comment: { text: "comment" },
};
/** What is always somebody's text, also where GitHub does not say whose. */
const TEXTS = ["comment", "review", "answer", "discussion", "pull_request", "issue", "repository_advisory"] as const;

const EVENT = /^[a-z0-9_]{1,64}$/;
const ACTION = /^[A-Za-z0-9_-]{1,60}$/;
const REPOSITORY = /^([A-Za-z0-9_.-]{1,100})\/([A-Za-z0-9_.-]{1,100})$/;

/** The name in an X-GitHub-Event header; null when that can be none of GitHub's. */
export function eventNameOf(header: string | null): string | null {
  return header !== null && EVENT.test(header) ? header : null;
}

/** `payload` and `found` as `githubPayload` reads them. Never throws, whatever they hold. */
export function githubFacts(event: string, payload: unknown, found: readonly Writing[]): GithubFacts {
  const action = text(payload, "action");
  const writings = decidingWritings(event, payload, found);
  const repository = repositoryOf(payload);
  return {
    event,
    type: ACTION.test(action) ? `${event}.${action}` : event,
    repository,
    owner: ownerOf(repository, payload),
    number: numberIn(payload, "issue") ?? numberIn(payload, "pull_request"),
    session_id: sessionIn(payload),
    byBot:
      isBot(text(payload, "sender", "type"), text(payload, "sender", "login")) || writings.some(({ byBot }) => byBot),
    writings,
  };
}

/**
 * All texts of the payload but for the one that a comment or a review is about. GitHub does not sign the event's name: under
 * another one a body must not get by with fewer authors than under its own, so the texts that are there decide, and the
 * name only leaves that one out when the comment or review that it promises is there.
 */
function decidingWritings(event: string, payload: unknown, found: readonly Writing[]): readonly Writing[] {
  const topic = Object.hasOwn(TOPICS, event) ? TOPICS[event] : undefined;
  const writings = found.filter(({ place }) => place !== topic?.about);
  const present = TEXTS.filter((key) => key !== topic?.about && isObject(field(payload, key)));
  const needed = new Set([...(topic ? [topic.text] : []), ...present]);
  const unknown = [...needed].filter((key) => !writings.some(({ place }) => place === key));
  return [...writings, ...unknown.map((place) => ({ place, association: "", marked: false, byBot: false }))];
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
