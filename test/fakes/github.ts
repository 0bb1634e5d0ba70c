/**
 * GitHub's REST API as far as comments on issues need it: POST and GET /repos/{owner}/{repo}/issues/{n}/comments and GET
 * /repos/{owner}/{repo}/issues/comments, paged as GitHub pages them. The counts are by the hidden marker of a comment.
 */
import { type Call, type Provider, runProvider, type Said } from "./provider.ts";

const OF_ISSUE = /^\/repos\/([^/]+\/[^/]+)\/issues\/(\d+)\/comments$/;
const OF_REPOSITORY = /^\/repos\/([^/]+\/[^/]+)\/issues\/comments$/;
const MARKER = /<!-- zeroclaw:([^ ]+) -->/;

interface Comment {
  readonly id: number;
  readonly repository: string;
  readonly issue: number;
  readonly body: string;
  readonly created_at: string;
}

class GitHub implements Provider {
  readonly #comments: Comment[] = [];
  #reads = 0;
  #refused = 0;

  itemOf(call: Call): string | null {
    if (call.method !== "POST" || !OF_ISSUE.test(call.path)) return null;
    return MARKER.exec(call.body)?.[1] ?? call.body;
  }

  serve(call: Call): Said {
    if (!call.authorization) return this.#refuse(401, "Requires authentication");
    const [, repository = "", issue = ""] = OF_ISSUE.exec(call.path) ?? OF_REPOSITORY.exec(call.path) ?? [];
    if (repository === "") return this.#refuse(404, "Not Found");
    if (call.method === "GET") return this.#list(call, repository, issue === "" ? null : Number(issue));
    const body = bodyOf(call.body);
    if (call.method !== "POST" || issue === "" || body === null) return this.#refuse(422, "Validation Failed");
    if (body.length > 65_536) return this.#refuse(422, "Body is too long (maximum is 65536 characters)");
    const id = this.#comments.length + 1;
    this.#comments.push({ id, repository, issue: Number(issue), body, created_at: new Date().toISOString() });
    return limited(201, shown(this.#comments[id - 1]!));
  }

  refuse(fault: "error" | "throttle"): Said {
    if (fault === "error") return { status: 502, body: { message: "Server Error" } };
    const headers = { "Retry-After": "1", "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0" };
    return { status: 403, body: { message: "You have exceeded a secondary rate limit." }, headers };
  }

  counts(): object {
    const sent: Record<string, number> = {};
    for (const { body } of this.#comments) {
      const marker = MARKER.exec(body)?.[1] ?? "";
      sent[marker] = (sent[marker] ?? 0) + 1;
    }
    return { sent, made: this.#comments.length, reads: this.#reads, refused: this.#refused };
  }

  /** Oldest first unless the repository's list is asked for otherwise: an issue's list cannot be turned round. */
  #list(call: Call, repository: string, issue: number | null): Said {
    this.#reads += 1;
    const size = Math.min(100, Number(call.query.get("per_page") ?? 30));
    const page = Number(call.query.get("page") ?? 1);
    const since = call.query.get("since") ?? "";
    const all = this.#comments.filter(
      (one) => one.repository === repository && (issue === null || one.issue === issue) && one.created_at >= since,
    );
    if (issue === null && call.query.get("direction") === "desc") all.reverse();
    const last = Math.max(1, Math.ceil(all.length / size));
    const link = (n: number, rel: string) =>
      `<http://${repository}${call.path}?per_page=${size}&page=${n}>; rel="${rel}"`;
    const links = page < last ? { Link: `${link(page + 1, "next")}, ${link(last, "last")}` } : {};
    return limited(200, all.slice((page - 1) * size, page * size).map(shown), links);
  }

  #refuse(status: number, message: string): Said {
    this.#refused += 1;
    return limited(status, { message });
  }
}

function shown({ id, issue, body, created_at }: Comment): object {
  return { id, body, created_at, issue_url: `/issues/${issue}`, user: { login: "zeroclaw[bot]", type: "Bot" } };
}

function limited(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Said {
  return { status, body, headers: { "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", ...headers } };
}

function bodyOf(text: string): string | null {
  try {
    const { body } = JSON.parse(text);
    return typeof body === "string" && body !== "" ? body : null;
  } catch {
    return null;
  }
}

runProvider(new GitHub());
