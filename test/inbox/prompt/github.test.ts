import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MAX_PROMPT, promptFor } from "../../../src/inbox/prompt/prompt.ts";
import { field, text } from "../../../src/inbox/summary/field.ts";
import { isObject } from "../../../src/lib/json.ts";
import { delivery } from "../summary/support.ts";

const NONCE = "k3x9v2m7";
const repository = { full_name: "acme/app" };
const sender = { login: "alice" };

/** The lines between the meaning of the marks and what is to be done, with short marks. */
function lines(name: string, payload: Record<string, unknown>, action = ""): readonly string[] {
  const type = action === "" ? name : `${name}.${action}`;
  const event = delivery({ repository, sender, ...payload }, { type, headers: { "x-github-event": name } });
  const [, facts = ""] = promptFor(event, {}, NONCE).split("\n\n");
  return facts.replaceAll(`<data-${NONCE}>`, "«").replaceAll(`</data-${NONCE}>`, "»").split("\n");
}

describe("a GitHub prompt", () => {
  test("of a push has its commits and files, each file once with what became of it", () => {
    const commits = [
      { id: "1111111aaaa", message: "Add a lock\n\nLong", author: { username: "alice" }, added: ["lock.ts", "key.ts"] },
      {
        id: "2222222bbbb",
        message: "Drop the key",
        author: { name: "Bob" },
        removed: ["key.ts"],
        modified: ["door.ts"],
      },
    ];
    const head_commit = { message: "Drop the key\n\nNobody had it." };

    expect(lines("push", { ref: "refs/heads/main", forced: true, commits, head_commit, compare: "https://x" })).toEqual(
      [
        "Something happened on GitHub:",
        "Event: «push»",
        "In short: «alice force-pushed 2 commits to branch main in acme/app: Drop the key»",
        "Repository: «acme/app»",
        "Done by: «alice»",
        "Branch: «main»",
        "It was forced: history was rewritten.",
        "Comparison: «https://x»",
        "Commits (2):",
        "«",
        "- 1111111 Add a lock (alice)",
        "- 2222222 Drop the key (Bob)",
        "»",
        "Message of the latest commit:",
        "«",
        "Drop the key",
      ],
    );
  });

  test("of a push shows the first 20 commits and 60 files, and how many there were", () => {
    const commits = Array.from({ length: 300 }, (_, i) => ({ id: `${i}`, message: `m${i}`, added: [`f${i}`] }));
    const all = lines("push", { ref: "refs/heads/main", commits });

    expect(all).toContain("Commits (the first 20 of 300):");
    expect(all).toContain("Files (the first 60 of 300):");
    expect(all.filter((line) => line.startsWith("- "))).toHaveLength(80);
  });

  test("of a pull request has its branches and its size", () => {
    const pull_request = {
      number: 7,
      title: "Add a lock",
      body: "So that\nnobody enters.",
      draft: true,
      head: { label: "bob:lock" },
      base: { label: "acme:main" },
      commits: 3,
      changed_files: 2,
      additions: 10,
      deletions: 0,
    };
    const all = lines("pull_request", { action: "opened", pull_request }, "opened");

    for (const line of [
      "Title: «Add a lock»",
      "From branch: «bob:lock»",
      "Into branch: «acme:main»",
      "It is a draft.",
      "Changed files: «2»",
      "Lines deleted: «0»",
      "nobody enters.",
    ]) {
      expect(all).toContain(line);
    }
  });

  test.each([
    [
      "issue_comment",
      { issue: { number: 5, title: "Broken", pull_request: {} } },
      "Title of the pull request: «Broken»",
    ],
    ["issue_comment", { issue: { number: 5, title: "Broken" } }, "Number of the issue: «5»"],
    ["pull_request_review_comment", { pull_request: { number: 5, title: "T" } }, "On file: «a.ts»"],
    ["commit_comment", {}, "On commit: «abc»"],
    ["discussion_comment", { discussion: { title: "Why?" } }, "Title of the discussion: «Why?»"],
  ])("of a %s says what it is on, what it says and where", (name, payload, expected) => {
    const comment = {
      body: "Looks good",
      html_url: "https://x",
      path: "a.ts",
      commit_id: "abc",
      user: { login: "bob" },
    };
    const all = lines(name, { action: "created", comment, ...payload }, "created");

    expect(all).toContain(expected);
    expect(all).toContain("«Looks good»");
    expect(all).toContain("Address: «https://x»");
  });

  test("of a review has the verdict", () => {
    const review = { state: "changes_requested", body: "No.", user: { login: "bob" } };
    const all = lines("pull_request_review", { action: "submitted", review, pull_request: { number: 1 } }, "submitted");

    expect(all).toContain("Verdict: «changes_requested»");
    expect(all).toContain("«No.»");
  });

  test("of a failed job has the steps that failed", () => {
    const steps = [
      { name: "Build", conclusion: "success" },
      { name: "Test", conclusion: "failure" },
      { name: "Ship", conclusion: "skipped" },
    ];
    const workflow_job = { name: "ci", conclusion: "failure", html_url: "https://x", steps };
    const all = lines("workflow_job", { action: "completed", workflow_job });

    expect(all).toEqual(expect.arrayContaining(["Job: «ci»", "Conclusion: «failure»", "«- Test: failure»"]));
    expect(all.join()).not.toContain("Build");
  });

  test("of an event that nobody knows yet has its payload without what every one has", () => {
    const all = lines("event_of_the_future", { action: "tried", what: { a: 1 } });

    expect(all.slice(-2)).toEqual(["Payload:", '«{"what":{"a":1}}»']);
  });

  test("asks for an answer where somebody wrote something, else for a report", () => {
    const last = (type: string) =>
      promptFor(delivery({ repository }, { type, headers: { "x-github-event": type.split(".")[0]! } }), {}, NONCE) // it has a first part
        .split("\n")
        .at(-1);

    for (const type of ["issues.opened", "issue_comment.created", "pull_request_review.submitted"]) {
      expect(last(type)).toStartWith("Write what you would answer there.");
    }
    for (const type of ["issues.closed", "push", "issue_comment.deleted"])
      expect(last(type)).toStartWith("Say in a few");
  });
});

test("each of GitHub's own examples has a prompt below the cap that names the repository", async () => {
  let count = 0;
  for (const { name, payload } of await readExamples()) {
    const action = text(payload, "action");
    const type = action === "" ? name : `${name}.${action}`;
    const prompt = promptFor(delivery(payload, { type, headers: { "x-github-event": name } }), {}, NONCE);
    const repositoryName = text(payload, "repository", "full_name") || text(field(payload, "organization"), "login");

    expect(prompt).toContain(repositoryName);
    expect(prompt.length).toBeLessThan(MAX_PROMPT / 2);
    expect(prompt).not.toContain("undefined");
    count += 1;
  }
  expect(count).toBeGreaterThan(700);
});

async function readExamples(): Promise<{ name: string; payload: unknown }[]> {
  const root = dirname(Bun.resolveSync("@octokit/webhooks-examples/package.json", import.meta.dir));
  const found: { name: string; payload: unknown }[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const definitions: unknown = await Bun.file(join(root, entry.name, "index.json")).json();
    if (!Array.isArray(definitions)) continue;
    for (const definition of definitions) {
      if (!isObject(definition) || !Array.isArray(definition["examples"])) continue;
      for (const payload of definition["examples"]) found.push({ name: String(definition["name"]), payload });
    }
  }
  return found;
}
