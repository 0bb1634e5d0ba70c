import type { Clock } from "../lib/clock.ts";
import { isObject } from "../lib/json.ts";
import { rfc3339 } from "../lib/time.ts";
import { VERSION } from "../lib/version.ts";
import type { StoredReply } from "../protocol/reply.ts";
import { commentOf, markOfReply } from "./github-comment.ts";
import type { Answer, FetchFailure, GuardedFetch, OutgoingRequest } from "./guarded-fetch.ts";
import { retryAfterMs } from "./retry-after.ts";
import { excerpt, SEND_TIMEOUT_MS, type Sender, type SendResult } from "./sender.ts";

export interface GitHubOptions {
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  /** `https://api.github.com`, without a slash at its end. */
  readonly apiUrl: string;
  readonly accessToken: string;
  readonly allowPrivate: boolean;
}

const PART = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;
const PAGE_SIZE = 100;
const MAX_PAGES = 10;
/** A page of comments of ordinary length has 400 KB. */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
/** GitHub's clock and ours may differ by this much. */
const SKEW_MS = 3_600_000;
/** What GitHub asks for when a secondary limit is hit and no header says more ("Best practices for using the REST API"). */
const SECONDARY_LIMIT_MS = 60_000;

/**
 * Answers with a comment (REST API 2022-11-28, "Create an issue comment", which serves pull requests too). Before every
 * attempt but the first it looks whether the comment is there already.
 */
export class GitHubSender implements Sender {
  readonly #options: GitHubOptions;

  constructor(options: GitHubOptions) {
    this.#options = options;
  }

  async send(reply: StoredReply): Promise<SendResult> {
    const path = pathOf(reply);
    if (path === null) return { kind: "dead", detail: "The reply names no issue of a GitHub repository" };
    if (reply.content.trim() === "") return { kind: "dead", detail: "The answer is empty: there is nothing to send" };
    const earlier = reply.attempts > 1 ? await this.#find(reply, path) : null;
    if (earlier) return earlier;
    const body = new TextEncoder().encode(JSON.stringify({ body: commentOf(reply) }));
    const answer = await this.#fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!answer.ok) return this.#unanswered(answer);
    if (answer.status === 201) return { kind: "sent", detail: addressOf(answer.body) ?? "The comment was written" };
    return this.#refused(answer);
  }

  async interrupted(reply: StoredReply): Promise<SendResult> {
    const path = pathOf(reply);
    const found = path && (await this.#find(reply, path));
    return found || { kind: "retry", detail: "Sending was cut off before the comment was written" };
  }

  /**
   * Null when the reply's comment is surely not there. An issue's comments come oldest first and in no other order, so they
   * are read from shortly before the reply was made: then its comment is among the first.
   */
  async #find(reply: StoredReply, path: string): Promise<SendResult | null> {
    const since = rfc3339(reply.created_at - SKEW_MS).replace(/\.\d+/, "");
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const query = new URLSearchParams({ since, per_page: String(PAGE_SIZE), page: String(page) });
      const answer = await this.#fetch(`${path}?${query}`, { method: "GET", headers: {} });
      if (!answer.ok) return this.#unanswered(answer);
      if (answer.status !== 200) return this.#refused(answer);
      if (answer.body.includes(markOfReply(reply)) || answer.body.includes(escaped(markOfReply(reply)))) {
        return { kind: "sent", detail: "The comment was there already: an earlier attempt had written it" };
      }
      if (!/rel="next"/.test(answer.headers.get("link") ?? "")) return null;
    }
    return null; // a thousand later comments: one twice is better than none
  }

  #fetch(path: string, { method, headers, body }: OutgoingRequest): Promise<Answer | FetchFailure> {
    const { fetch, apiUrl, accessToken, allowPrivate } = this.#options;
    const request: OutgoingRequest = {
      method,
      headers: {
        ...headers,
        accept: "application/vnd.github+json",
        authorization: `Bearer ${accessToken}`,
        "user-agent": `zeroclaw/${VERSION}`, // GitHub refuses requests without one
        "x-github-api-version": "2022-11-28",
      },
      ...(body && { body }),
    };
    const timeoutMs = SEND_TIMEOUT_MS;
    return fetch(apiUrl + path, request, {
      allowPrivate,
      timeoutMs,
      ...(method === "GET" && { maxBytes: MAX_PAGE_BYTES }),
    });
  }

  /** The mark tells the next attempt whether this one arrived, so what is not known is tried again. */
  #unanswered({ permanent, detail }: FetchFailure): SendResult {
    return permanent ? { kind: "dead", detail: `"channels.github.api_url": ${detail}` } : { kind: "retry", detail };
  }

  #refused(answer: Answer): SendResult {
    const { status } = answer;
    const said = `GitHub answered ${status}${quoted(excerpt(messageOf(answer.body), [this.#options.accessToken]))}`;
    const wait = this.#limitedFor(answer);
    if (wait !== null) return { kind: "retry", detail: said, retryAfterMs: wait };
    const remedy = REMEDIES[status];
    if (remedy) return { kind: "dead", detail: `${said}: ${remedy}` };
    if (status >= 300 && status < 400) {
      return {
        kind: "dead",
        detail: `${said}, a redirect: the repository has moved, or "channels.github.api_url" is wrong`,
      };
    }
    const after = retryAfterMs(answer.headers, this.#options.clock.now());
    return { kind: "retry", detail: said, ...(after !== undefined && { retryAfterMs: after }) };
  }

  /** How long a rate limit lasts, in milliseconds; null when the answer is about something else. */
  #limitedFor({ status, headers, body }: Answer): number | null {
    if (status !== 403 && status !== 429) return null;
    const now = this.#options.clock.now();
    const after = retryAfterMs(headers, now);
    if (after !== undefined) return after;
    const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN);
    if (headers.get("x-ratelimit-remaining") === "0" && reset > 0) return Math.max(0, reset * 1_000 - now);
    return status === 429 || /rate limit/i.test(messageOf(body)) ? SECONDARY_LIMIT_MS : null;
  }
}

const REMEDIES: Readonly<Record<number, string>> = {
  401: 'make a new token and set "channels.github.access_token" to it',
  403: "give the token write access to issues and pull requests of this repository, and see that the issue is not locked",
  404: "the issue is gone, or the token does not reach this repository",
  410: "the issue was deleted, or the repository has issues turned off",
  422: "GitHub does not take this comment",
};

function pathOf({ target }: StoredReply): string | null {
  if (target.kind !== "github" || !Number.isSafeInteger(target.number) || target.number < 1) return null;
  const parts = target.repository.split("/");
  if (parts.length !== 2 || !parts.every((part) => PART.test(part))) return null;
  return `/repos/${target.repository}/issues/${target.number}/comments`;
}

/** As a cautious JSON writer puts it. */
function escaped(mark: string): string {
  return mark.replaceAll("<", "\\u003c").replaceAll(">", "\\u003e");
}

function quoted(text: string): string {
  return text === "" ? "" : `, "${text}"`;
}

function messageOf(body: string): string {
  const value = field(body, "message");
  return value ?? "";
}

function addressOf(body: string): string | null {
  return field(body, "html_url");
}

function field(body: string, name: string): string | null {
  try {
    const value: unknown = JSON.parse(body);
    const found = isObject(value) ? value[name] : null;
    return typeof found === "string" ? found : null;
  } catch {
    return null;
  }
}
