import { describe, expect, test } from "bun:test";
import type { Channel } from "../../src/channels/channel.ts";
import type { ChannelValues } from "../../src/channels/values.ts";
import { signHubSignature } from "../../src/channels/verify/hub-signature.ts";
import { marker } from "../../src/lib/github-marker.ts";
import { deliver, event, events, open, plan, readBody, stored, why } from "./support.ts";

const SECRETS = { channel: "github", secrets: ["s3cret"] };
const JSON_TYPE = { "Content-Type": "application/json" };
const PERSON = { login: "alice", type: "User" };

const github = (values: ChannelValues = {}): Channel =>
  open("github", { secret: "s3cret", allowed_repos: ["*"], ...values });

function say(channel: Channel, kind: string, body: unknown, headers: Record<string, string> = JSON_TYPE) {
  return readBody(channel, body, { "X-GitHub-Event": kind, "X-GitHub-Delivery": "guid-1", ...headers });
}

/** Issue 12 of acme/app, with a comment of `author`. */
function comment(author: Record<string, unknown> = {}, more: Record<string, unknown> = {}) {
  return {
    action: "created",
    repository: { full_name: "Acme/App" },
    sender: PERSON,
    issue: { number: 12, user: PERSON, author_association: "NONE", body: "It is broken." },
    comment: { user: PERSON, author_association: "MEMBER", body: "What is wrong?", ...author },
    ...more,
  };
}

describe("a GitHub delivery", () => {
  test("is one event with the header's name and the body's action, GitHub's id, and the bytes as they came", () => {
    const body = JSON.stringify(comment());
    const found = event(say(github(), "issue_comment", body));
    expect(found).toEqual({
      type: "issue_comment.created",
      delivery_id: "guid-1",
      session_id: "github:Acme.App:12",
      content_type: "application/json",
      body: Buffer.from(body),
    });
  });

  test("is read as a form too, and stays one", () => {
    const body = new URLSearchParams({ payload: JSON.stringify(comment({ body: "ü & + %" })) }).toString();
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const found = event(say(github(), "issue_comment", body, headers));
    expect([found.type, found.session_id, Buffer.from(found.body).toString()]).toEqual([
      "issue_comment.created",
      "github:Acme.App:12",
      body,
    ]);
    expect(plan(github(), [found])).toEqual({ run: true, reply: null });
  });

  test.each([
    ["a pull request", { pull_request: { number: 7 } }, "github:acme.app:7"],
    ["a discussion", { discussion: { number: 8 } }, "github:acme.app:8"],
    ["none of them", {}, "github:acme.app"],
    ["a number that is none", { issue: { number: "12" } }, "github:acme.app"],
    ["a number below one", { issue: { number: -1 } }, "github:acme.app"],
    ["no repository", { repository: undefined }, "github"],
  ])("of %s has the session of it", (_what, more, session) => {
    const found = event(say(github(), "push", { repository: { full_name: "acme/app" }, ...more }));
    expect(found.session_id).toBe(session);
  });

  test("of repositories whose names could be put together alike has different sessions", () => {
    const names = ["a.b/c", "a/b.c", "a/b/c", "a.b.c", "a/b:c", `a/${"b".repeat(120)}`, `a/${"b".repeat(121)}`];
    const sessions = names.map((full_name) => event(say(github(), "push", { repository: { full_name } })).session_id);
    expect(new Set(sessions).size).toBe(names.length);
    expect(sessions[1]).toBe("github:a.b.c");
  });

  test("over 256 KB is understood like a small one, as JSON and as a form", () => {
    const large = comment({}, { changes: ['"}'.repeat(200_000)] });
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    const channel = github({ reply: true });
    for (const [body, headers] of [
      [JSON.stringify(large), JSON_TYPE],
      [new URLSearchParams({ payload: JSON.stringify(large) }).toString(), form],
    ] as const) {
      const read = say(channel, "issue_comment", body, headers);
      expect(event(read)).toMatchObject({ type: "issue_comment.created", session_id: "github:Acme.App:12" });
      expect(plan(channel, read)).toEqual({ run: true, reply: { kind: "github", repository: "Acme/App", number: 12 } });
    }
    expect(say(channel, "push", JSON.stringify(large).slice(0, -1))).toMatchObject({ reason: "bad_body" });
  });

  test.each([
    ["nothing", ""],
    ["half an object", "{"],
    ["a list", "[]"],
    ["no JSON", "hello"],
  ])("that holds %s is refused as a bad body", (_what, body) => {
    expect(say(github(), "push", body)).toMatchObject({ reason: "bad_body", code: "bad_json" });
  });

  test("that is a form without a payload is refused as a bad body", () => {
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    expect(say(github(), "push", "a=1", headers)).toMatchObject({ reason: "bad_body" });
  });

  test.each([
    ["no event name", { "X-GitHub-Delivery": "1" }, "bad_body"],
    ["an event name of other characters", { "X-GitHub-Event": "a b", "X-GitHub-Delivery": "1" }, "bad_body"],
    ["no delivery id", { "X-GitHub-Event": "push" }, "missing_delivery_id"],
    ["two delivery ids", { "X-GitHub-Event": "push", "X-GitHub-Delivery": "1, 2" }, "missing_delivery_id"],
  ])("with a right signature but %s is refused", (_what, headers, reason) => {
    const body = Buffer.from("{}");
    const sample = { path: "", headers: { ...headers, ...signHubSignature(SECRETS, body) }, body };
    expect(deliver(github(), sample)).toMatchObject({ reason, code: "bad_request" });
  });

  test.each([
    ["nothing else", {}],
    ["no delivery id", { "X-GitHub-Event": "push" }],
    ["an event name of other characters", { "X-GitHub-Event": "a b", "X-GitHub-Delivery": "1" }],
  ])("without a right signature is told of that before anything else: with %s", (_what, headers) => {
    const body = Buffer.from("{}");
    const wrong = signHubSignature({ channel: "github", secrets: ["another"] }, body);
    expect(deliver(github(), { path: "", headers, body })).toMatchObject({ reason: "missing_signature" });
    expect(deliver(github(), { path: "", headers: { ...headers, ...wrong }, body })).toMatchObject({
      reason: "wrong_signature",
    });
  });

  test("is verified with either of two secrets", () => {
    const channel = open("github", { secrets: ["new", "s3cret"] });
    const body = Buffer.from("{}");
    const headers = { "X-GitHub-Event": "push", "X-GitHub-Delivery": "1", ...signHubSignature(SECRETS, body) };
    expect(events(deliver(channel, { path: "", headers, body }))).toHaveLength(1);
  });
});

describe("channels.github.events", () => {
  test.each([
    ["push", ["push"], true],
    ["issues", ["push"], false],
    ["issues", ["issues.opened"], true],
    ["issues", ["ISSUES"], true],
    ["issues", ["issues.closed"], false],
    ["ping", ["push"], true],
    ["issues", [], true],
  ])("an issues.opened or %s with the list %j is taken: %p", (kind, list, taken) => {
    const read = say(github({ events: list }), kind, { action: kind === "issues" ? "opened" : undefined });
    if (taken) expect(events(read)).toHaveLength(1);
    else expect(read).toMatchObject({ status: 200, body: expect.stringContaining('"status":"ignored"') });
  });
});

describe("a GitHub event runs the agent", () => {
  test.each([
    ["of an allowed repository, in any case", ["acme/APP"], true],
    ["of an allowed owner", ["acme/*"], true],
    ["of any", ["*"], true],
    ["never, when the list is empty", [], false],
    ["never for another repository", ["acme/app2", "acm/*", "acme/ap"], false],
  ])("%s", (_what, allowed_repos, runs) => {
    expect(plan(github({ allowed_repos }), say(github(), "issue_comment", comment())).run).toBe(runs);
  });

  test("of an organization only where its repositories are allowed", () => {
    const read = say(github(), "organization", { action: "renamed", organization: { login: "Acme" } });
    expect(plan(github({ allowed_repos: ["acme/*"] }), read).run).toBe(true);
    expect(plan(github({ allowed_repos: ["acme/app"] }), read).run).toBe(false);
  });

  test("never for a repository whose name cannot be one, not even by its organization", () => {
    const body = { repository: { full_name: "acme/.." }, organization: { login: "acme" } };
    expect(plan(github({ allowed_repos: ["acme/*"] }), say(github(), "push", body)).run).toBe(false);
  });

  test.each(["OWNER", "MEMBER", "COLLABORATOR"])("for a text by an %s", (author_association) => {
    expect(why(github(), say(github(), "issue_comment", comment({ author_association })))).toBe("");
  });

  test.each(["CONTRIBUTOR", "FIRST_TIME_CONTRIBUTOR", "FIRST_TIMER", "MANNEQUIN", "NONE", "", "owner", 1, null])(
    "never for a text by %p",
    (author_association) => {
      const read = say(github(), "issue_comment", comment({ author_association }));
      expect(why(github(), read)).toContain("association");
    },
  );

  test.each([
    ["issues", "issue"],
    ["issue_comment", "comment"],
    ["pull_request", "pull_request"],
    ["pull_request_review", "review"],
    ["pull_request_review_comment", "comment"],
    ["pull_request_review_thread", "pull_request"],
    ["discussion", "discussion"],
    ["discussion_comment", "comment"],
    ["commit_comment", "comment"],
  ])("for %s by whoever wrote the %s, whoever else is in it", (kind, place) => {
    const others = { issue: { number: 1, user: PERSON, author_association: "OWNER" } };
    const by = (author_association: string) => ({
      ...others,
      repository: { full_name: "acme/app" },
      sender: PERSON,
      [place]: { number: 1, user: PERSON, author_association, body: "" },
    });
    expect(why(github(), say(github(), kind, by("OWNER")))).toBe("");
    expect(why(github(), say(github(), kind, by("NONE")))).toContain("association is NONE");
    if (kind !== "pull_request_review_thread") {
      expect(why(github(), say(github(), kind, { ...by("OWNER"), [place]: undefined }))).toContain("unknown");
    }
  });

  const by = (author_association: string, more: Record<string, unknown> = {}) => ({
    number: 12,
    user: PERSON,
    author_association,
    body: "",
    ...more,
  });
  const about = { action: "x", repository: { full_name: "acme/app" }, sender: PERSON };

  test.each([
    [
      "a comment of a review thread",
      "pull_request_review_thread",
      (a: object) => ({ thread: { comments: [by("OWNER"), a] } }),
    ],
    ["a sub-issue", "sub_issues", (a: object) => ({ parent_issue: by("OWNER"), sub_issue: a })],
    ["its parent", "sub_issues", (a: object) => ({ parent_issue: a, sub_issue: by("OWNER") })],
    ["an issue that blocks", "issue_dependencies", (a: object) => ({ blocked_issue: by("OWNER"), blocking_issue: a })],
    ["an answer", "discussion", (a: object) => ({ discussion: by("OWNER"), answer: a })],
    [
      "the answer before it",
      "discussion",
      (a: object) => ({ discussion: by("OWNER"), answer: by("OWNER"), old_answer: a }),
    ],
    ["a pinned comment", "issues", (a: object) => ({ issue: by("OWNER", { pinned_comment: a }) })],
    ["an event of next year", "thoughts", (a: object) => ({ thought: { parts: [[{ said: a }]] } })],
  ])("never for %s by a stranger, by a bot or by the gateway, in a small body or a large one", (_what, kind, hold) => {
    const reason = (text: object, pad = "") => why(github(), say(github(), kind, { ...about, pad, ...hold(text) }));
    for (const pad of ["", "x".repeat(300_000)]) {
      expect(reason(by("MEMBER"), pad)).toBe("");
      expect(reason(by("NONE"), pad)).toContain("association is NONE");
      expect(reason(by("MEMBER", { author_association: null }), pad)).toContain("association is unknown");
      expect(reason(by("MEMBER", { user: { login: "ci[bot]" } }), pad)).toBe("written by a bot");
      expect(reason(by("MEMBER", { body: marker("0193") }), pad)).toBe("written by this gateway");
    }
  });

  // GitHub signs the body and not the event's name, so whoever has seen a delivery can send it under any other.
  const BODIES = {
    issue_comment: { issue: by("OWNER"), comment: by("NONE") },
    pull_request_review: { pull_request: by("OWNER"), review: by("NONE") },
    pull_request_review_comment: { pull_request: by("OWNER"), comment: by("NONE") },
    pull_request_review_thread: { pull_request: by("OWNER"), thread: { comments: [by("NONE")] } },
    discussion_comment: { discussion: by("OWNER"), comment: by("NONE") },
    discussion: { discussion: by("OWNER"), answer: by("NONE") },
    issues: { issue: by("NONE") },
    pull_request: { pull_request: by("NONE") },
    sub_issues: { sub_issue: by("NONE"), parent_issue: by("OWNER") },
    commit_comment: { comment: by("NONE") },
  };
  const NAMES = [...Object.keys(BODIES), "push", "workflow_run", "constructor", "thoughts"];

  test.each(Object.entries(BODIES))(
    "never for a stranger's %s, whichever event's name it comes under",
    (_kind, body) => {
      for (const name of NAMES) {
        expect(why(github(), say(github(), name, { ...about, ...body }))).toContain("association is ");
      }
    },
  );

  test("never for a text whose author GitHub does not name, whichever event's name it comes under", () => {
    for (const name of NAMES) {
      const body = { ...about, issue: by("OWNER"), comment: { body: "Hello" } };
      expect(why(github(), say(github(), name, body))).toContain("association is unknown");
    }
  });

  test.each([
    ["the sender is a bot", comment({}, { sender: { login: "x", type: "Bot" } }), "written by a bot"],
    ["the sender's name says bot", comment({}, { sender: { login: "renovate[bot]" } }), "written by a bot"],
    ["the text is a bot's", comment({ user: { login: "ci", type: "Bot" } }), "written by a bot"],
    ["the comment is marked as ours", comment({ body: `Done.\n\n${marker("0193")}` }), "written by this gateway"],
  ])("never if %s", (_what, body, reason) => {
    expect(why(github(), say(github(), "issue_comment", body))).toBe(reason);
  });

  test("never for a security advisory, whichever event's name it comes under: anyone may report one", () => {
    for (const name of [...NAMES, "repository_advisory"]) {
      const body = { ...about, action: "reported", repository_advisory: { summary: "Do as I say" } };
      expect(why(github(), say(github(), name, body))).toContain("association is unknown");
    }
  });

  test("never for a ping, which is stored", () => {
    const read = say(github(), "ping", { zen: "x", repository: { full_name: "acme/app" } });
    expect(event(read).type).toBe("ping");
    expect(why(github(), read)).not.toBe("");
  });

  test("never once its bytes were deleted", () => {
    const read = event(say(github(), "issue_comment", comment()));
    const purged = { ...stored(github(), read), purged: true, body: new Uint8Array() };
    expect(github().plan(purged)).toEqual({ run: false, reason: "its bytes were deleted" });
  });
});

describe("a GitHub event is answered with a comment", () => {
  const on = { number: 12, user: PERSON, author_association: "OWNER", body: "" };
  const all = { repository: { full_name: "acme/app" }, sender: PERSON, issue: on, comment: on, review: on };

  test.each([
    ["issues", "opened", { kind: "github", repository: "acme/app", number: 12 }],
    ["issues", "edited", null],
    ["issue_comment", "created", { kind: "github", repository: "acme/app", number: 12 }],
    ["issue_comment", "edited", null],
    ["pull_request", "opened", { kind: "github", repository: "acme/app", number: 12 }],
    ["pull_request", "synchronize", null],
    ["pull_request_review", "submitted", { kind: "github", repository: "acme/app", number: 12 }],
    ["pull_request_review_comment", "created", { kind: "github", repository: "acme/app", number: 12 }],
    ["workflow_run", "completed", null],
  ] as const)("for %s.%s: %j", (kind, action, reply) => {
    const body = { ...all, pull_request: on, action };
    expect(plan(github({ reply: true }), say(github(), kind, body))).toEqual({ run: true, reply });
    expect(plan(github(), say(github(), kind, body))).toEqual({ run: true, reply: null });
  });

  test("never where there is no issue or pull request to stand under", () => {
    const body = { ...all, issue: undefined, action: "created" };
    expect(plan(github({ reply: true }), say(github(), "commit_comment", body))).toEqual({ run: true, reply: null });
  });
});

describe("the label of a GitHub delivery", () => {
  test("is what the headers say, on one line and cut", () => {
    const headers = new Headers({ "X-GitHub-Event": "x".repeat(500), "X-GitHub-Delivery": "a\tb" });
    const label = github().label(headers);
    expect([label.delivery_id, label.event?.length]).toEqual(["a b", 128]);
    expect(github().label(new Headers())).toEqual({ delivery_id: null, event: null });
  });
});
