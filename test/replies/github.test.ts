import { describe, expect, test } from "bun:test";
import type { StoredReply } from "../../src/protocol/reply.ts";
import { GitHubSender } from "../../src/replies/github.ts";
import { commentOf } from "../../src/replies/github-comment.ts";
import { ManualClock } from "../support/clock.ts";
import { closedPort, commentReply, FakeApi, NOW, openFetch, rawServer, type Serve } from "./support.ts";

const TOKEN = "github_pat_secret";
const made: Serve = () =>
  Response.json({ id: 1, html_url: "https://github.com/octo/hello/issues/7#issuecomment-1" }, { status: 201 });

function open(apiUrl: string) {
  const clock = new ManualClock();
  return new GitHubSender({ fetch: openFetch(clock), clock, apiUrl, accessToken: TOKEN, allowPrivate: true });
}

function says(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Serve {
  return () => Response.json({ message }, { status, headers });
}

/** What becomes of a reply that GitHub answers so. */
async function outcome(serve: Serve, change: Partial<StoredReply> = {}) {
  await using api = new FakeApi(serve);
  const result = await open(api.url).send(commentReply(change));
  return { ...result, calls: api.calls.map(({ method }) => method) };
}

/** An issue whose comments are listed a page at a time, and which takes new ones. */
function issue(comments: string[], pageSize = 2): Serve {
  return ({ method, query, body }) => {
    if (method === "POST") {
      comments.push(JSON.parse(body).body);
      return Response.json({ html_url: "https://github.com/x" }, { status: 201 });
    }
    const page = Number(query.get("page"));
    const here = comments.slice((page - 1) * pageSize, page * pageSize).map((text) => ({ body: text }));
    const more = page * pageSize < comments.length;
    return Response.json(here, { headers: more ? { link: `<http://api/x?page=${page + 1}>; rel="next"` } : {} });
  };
}

describe("GitHubSender", () => {
  test("writes a comment on the issue, as the API wants it", async () => {
    await using api = new FakeApi(made);
    const reply = commentReply({ content: "Thanks @octocat" });
    expect(await open(api.url).send(reply)).toEqual({
      kind: "sent",
      detail: "https://github.com/octo/hello/issues/7#issuecomment-1",
    });
    const [call] = api.calls;
    expect(call).toMatchObject({ method: "POST", path: "/repos/octo/hello/issues/7/comments" });
    expect(api.posted).toEqual([{ body: commentOf(reply) }]);
    expect(Object.fromEntries(call?.headers ?? [])).toMatchObject({
      accept: "application/vnd.github+json",
      authorization: `Bearer ${TOKEN}`,
      "content-type": "application/json",
      "user-agent": expect.stringMatching(/^zeroclaw\//),
      "x-github-api-version": "2022-11-28",
    });
  });

  test("looks for its comment before a second attempt and does not write it twice", async () => {
    const reply = commentReply({ attempts: 2 });
    const comments = ["one", "two", "three", commentOf(reply), "five"];
    await using api = new FakeApi(issue(comments));
    expect(await open(api.url).send(reply)).toMatchObject({ kind: "sent", detail: expect.stringContaining("already") });
    expect(api.calls.map(({ method, query }) => [method, query.get("page")])).toEqual([
      ["GET", "1"],
      ["GET", "2"],
    ]);
    expect(api.calls[0]?.query.get("since")).toBe("2026-11-22T11:00:00Z");
    expect(api.calls[0]?.query.get("per_page")).toBe("100");
  });

  test("writes the comment at a second attempt when it is on no page", async () => {
    const reply = commentReply({ attempts: 2 });
    const comments = ["one", "two", commentOf(commentReply({ reply_id: "another-reply" }))];
    await using api = new FakeApi(issue(comments));
    expect(await open(api.url).send(reply)).toMatchObject({ kind: "sent" });
    expect(api.calls.map(({ method }) => method)).toEqual(["GET", "GET", "POST"]);
    expect(comments.filter((text) => text === commentOf(reply))).toHaveLength(1);
  });

  test("finds its comment in JSON that escapes angle brackets, and in a page of more than 64 KB", async () => {
    const reply = commentReply({ attempts: 3 });
    const mark = `\\u003c!-- zeroclaw:${reply.reply_id} --\\u003e`;
    const page = `[{"body":"${"x".repeat(200_000)}"},{"body":"${mark}"}]`;
    expect(await outcome(() => new Response(page), { attempts: 3 })).toMatchObject({ kind: "sent", calls: ["GET"] });
  });

  test("stops looking after ten pages", async () => {
    const serve: Serve = (call, i) =>
      call.method === "POST" ? made(call, i) : Response.json([], { headers: { link: '<http://api/x>; rel="next"' } });
    const { kind, calls } = await outcome(serve, { attempts: 2 });
    expect([kind, calls.length, calls.at(-1)]).toEqual(["sent", 11, "POST"]);
  });

  test("writes nothing while it cannot look", async () => {
    expect(await outcome(says(502, "Bad gateway"), { attempts: 2 })).toMatchObject({ kind: "retry", calls: ["GET"] });
    expect(await outcome(says(401, "Bad credentials"), { attempts: 2 })).toMatchObject({
      kind: "dead",
      calls: ["GET"],
    });
  });

  test("a crash between GitHub's answer and ours leaves one comment", async () => {
    const comments: string[] = [];
    await using api = new FakeApi(issue(comments));
    const sender = open(api.url);
    await sender.send(commentReply()); // and the process ends before the outcome is stored
    expect(await sender.interrupted(commentReply())).toMatchObject({ kind: "sent" });
    expect(comments).toHaveLength(1);
  });

  test("an interrupted reply whose comment is not there is tried again", async () => {
    await using api = new FakeApi(issue(["other"]));
    expect(await open(api.url).interrupted(commentReply())).toMatchObject({ kind: "retry" });
    expect(api.posted).toEqual([]);
  });

  test("tries again what is not known to have arrived, since the mark tells next time", async () => {
    using cut = rawServer((socket) => void socket.end());
    expect(await open(cut.url).send(commentReply())).toMatchObject({ kind: "retry" });
    expect(await open(`http://127.0.0.1:${closedPort()}`).send(commentReply())).toMatchObject({ kind: "retry" });
  });

  test.each([
    ["Retry-After", 403, "secondary rate limit", { "retry-after": "30" }, 30_000],
    ["Retry-After of 429", 429, "slow down", { "retry-after": "5" }, 5_000],
    [
      "X-RateLimit-Reset",
      403,
      "API rate limit exceeded",
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW / 1_000 + 90) },
      90_000,
    ],
    ["nothing but words", 403, "You have exceeded a secondary rate limit", {}, 60_000],
    ["nothing at all", 429, "", {}, 60_000],
    [
      "a reset that has passed",
      429,
      "",
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW / 1_000 - 5) },
      0,
    ],
  ])("waits for a rate limit told by %s", async (_what, status, message, headers, retryAfterMs) => {
    expect(await outcome(says(status, message, headers))).toMatchObject({ kind: "retry", retryAfterMs });
  });

  test.each([
    [401, "Bad credentials", "access_token"],
    [403, "Resource not accessible by personal access token", "write access"],
    [404, "Not Found", "does not reach"],
    [410, "Issues are disabled", "deleted"],
    [422, "Validation Failed", "does not take"],
    [301, "Moved Permanently", "moved"],
  ])("gives up on %d and says what to do", async (status, message, hint) => {
    const result = await outcome(says(status, message));
    expect(result).toMatchObject({ kind: "dead", calls: ["POST"] });
    expect(result.detail).toContain(message);
    expect(result.detail).toContain(hint);
  });

  test.each([
    ["a 500", says(500, "oops")],
    ["a 502 page", () => new Response("<html>unicorn</html>", { status: 502 })],
    ["a 200 that is no comment", () => new Response("<html>hello</html>")],
  ])("tries again after %s", async (_what, serve) => {
    expect(await outcome(serve)).toMatchObject({ kind: "retry" });
  });

  test("takes a 201 for the comment though its body cannot be read", async () => {
    expect(await outcome(() => new Response("{", { status: 201 }))).toMatchObject({ kind: "sent" });
  });

  test("never tells the token", async () => {
    expect(JSON.stringify(await outcome(says(422, `token ${TOKEN}`)))).not.toContain(TOKEN);
  });

  test.each([
    ["no repository", { kind: "github", repository: "octo", number: 7 } as const],
    ["a path that climbs", { kind: "github", repository: "octo/..", number: 7 } as const],
    ["a path that goes on", { kind: "github", repository: "octo/hello/../..", number: 7 } as const],
    ["a query", { kind: "github", repository: "octo/hello?x=", number: 7 } as const],
    ["no issue", { kind: "github", repository: "octo/hello", number: 0 } as const],
    ["half an issue", { kind: "github", repository: "octo/hello", number: 1.5 } as const],
    ["another kind", { kind: "callback" } as const],
  ])("asks GitHub nothing for a target with %s", async (_what, target) => {
    expect(await outcome(made, { target })).toMatchObject({ kind: "dead", calls: [] });
  });

  test("writes no empty comment", async () => {
    expect(await outcome(made, { content: " \n " })).toMatchObject({ kind: "dead", calls: [] });
  });
});
