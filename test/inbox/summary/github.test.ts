import { describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { eventType } from "../../../src/inbox/summary/event-type.ts";
import { summarize } from "../../../src/inbox/summary/summarize.ts";
import { isObject } from "../../../src/lib/json.ts";
import { delivery } from "./support.ts";

const repository = { full_name: "acme/app" };
const sender = { login: "alice" };

function line(name: string, payload: Record<string, unknown>): string {
  return summarize(delivery({ repository, sender, ...payload }, { headers: { "x-github-event": name } }));
}

describe("GitHub summaries", () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      "push",
      { ref: "refs/heads/main", commits: [{}, {}], head_commit: { message: "Fix the door\n\nIt squeaked." } },
      "alice pushed 2 commits to branch main in acme/app: Fix the door",
    ],
    ["push", { ref: "refs/heads/old", deleted: true }, "alice deleted branch old in acme/app"],
    [
      "push",
      { ref: "refs/heads/x", forced: true, commits: [{}] },
      "alice force-pushed 1 commit to branch x in acme/app",
    ],
    ["push", { ref: "refs/tags/v1", commits: [] }, "alice pushed tag v1 in acme/app"],
    [
      "pull_request",
      { action: "closed", pull_request: { number: 12, title: "Add a lock", merged: true } },
      "Pull request #12 merged in acme/app by alice: Add a lock",
    ],
    [
      "pull_request",
      { action: "closed", pull_request: { number: 12, title: "Add a lock", merged: false } },
      "Pull request #12 closed in acme/app by alice: Add a lock",
    ],
    [
      "issues",
      { action: "labeled", issue: { number: 5, title: "Broken" }, label: { name: "bug" } },
      'Issue #5 labeled "bug" in acme/app by alice: Broken',
    ],
    [
      "issue_comment",
      { action: "created", issue: { number: 5, pull_request: {} }, comment: { body: "Looks\r\ngood" } },
      "alice commented on pull request #5 in acme/app: Looks good",
    ],
    [
      "pull_request_review",
      {
        action: "submitted",
        review: { state: "changes_requested", body: null },
        pull_request: { number: 7, title: "T" },
      },
      "alice requested changes on pull request #7 in acme/app: T",
    ],
    [
      "workflow_run",
      { action: "completed", workflow_run: { name: "CI", conclusion: "failure", head_branch: "main", run_number: 45 } },
      'Workflow "CI" failed on branch main in acme/app (run 45)',
    ],
    [
      "release",
      { action: "published", release: { tag_name: "v2", name: "Two" } },
      "Release v2 published in acme/app by alice: Two",
    ],
    ["ping", { zen: "Keep it logical.", hook: {} }, "GitHub reached this webhook for acme/app: Keep it logical."],
    ["star", { action: "created", starred_at: "2026-01-01T00:00:00Z" }, "alice starred acme/app"],
    ["star", { action: "deleted", starred_at: null }, "alice unstarred acme/app"],
    ["fork", { forkee: { full_name: "bob/app" } }, "alice forked acme/app to bob/app"],
    ["create", { ref: "v1", ref_type: "tag", master_branch: "main" }, "alice created tag v1 in acme/app"],
    ["delete", { ref: "old", ref_type: "branch" }, "alice deleted branch old in acme/app"],
    [
      "check_run",
      { action: "completed", check_run: { name: "lint", conclusion: "success" } },
      "GitHub check run completed in acme/app by alice: lint (success)",
    ],
    ["event_of_the_future", { action: "tried" }, "GitHub event of the future tried in acme/app by alice"],
    ["gollum", { pages: [{ title: "Home", action: "edited" }] }, 'alice edited the wiki page "Home" in acme/app'],
  ])("%s is told as one sentence", (name, payload, expected) => {
    expect(line(name, payload)).toBe(expected);
  });

  test("a payload without its header is told by its shape", () => {
    const payload = { repository, sender, action: "opened", issue: { number: 5, title: "Broken" } };
    expect(summarize(delivery(payload))).toBe("Issue #5 opened in acme/app by alice: Broken");
  });

  test("a form with the JSON in its payload field is told like the JSON", () => {
    const payload = JSON.stringify({ repository, sender, ref: "refs/tags/v1", before: "0", after: "1" });
    const event = delivery(new URLSearchParams({ payload }).toString(), {
      content_type: "application/x-www-form-urlencoded",
    });
    expect(summarize(event)).toBe("alice pushed tag v1 in acme/app");
  });

  test("a body too large to be read is told by its header and size", () => {
    const event = delivery(new Uint8Array(5 * 1024 * 1024).fill(32), { headers: { "x-github-event": "push" } });
    expect(summarize(event)).toBe("GitHub push: 5.0 MB of application/json");
  });

  test("a payload that has not what its event name promises still gets a line", () => {
    for (const name of ["push", "issues", "release", "workflow_run", "star", "fork", "create", "constructor"]) {
      const event = delivery("{}", { headers: { "x-github-event": name } });
      expect(summarize(event)).toStartWith(`GitHub ${name.replace("_", " ")}`);
    }
  });
});

describe("GitHub's own examples", async () => {
  const examples = await readExamples();

  test("there are more than 700 of them", () => {
    expect(examples.length).toBeGreaterThan(700);
  });

  test.each(["with", "without"])("each gives one sane line %s its header", (header) => {
    for (const { name, payload } of examples) {
      const event = delivery(payload, { headers: header === "with" ? { "x-github-event": name } : {} });
      const said = summarize(event);
      expect(said).toMatch(/^[^\p{Cc}]{5,200}$/u);
      expect(summarize(event)).toBe(said);
    }
  });

  test("each has a type that begins with its event's name", () => {
    for (const { name, payload } of examples) {
      const type = eventType({ "x-github-event": name }, { kind: "json", value: payload });
      expect(type).toMatch(/^[a-z0-9_]+(\.[a-z0-9_-]+)?$/);
      expect(type.split(".")[0]).toBe(name);
    }
  });
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
