import type { SampleContext } from "./channel.ts";

/** The X-GitHub-Event header of an example, and its payload. */
export type GithubSample = readonly [event: string, payload: (context: SampleContext) => Payload];

type Payload = Readonly<Record<string, unknown>>;

/** No issue has this number: an answer that is sent as a comment finds none to stand under, and disturbs nobody. */
const NO_ISSUE = 2_147_483_647;

/** Two hyphens in a row are allowed in no name on GitHub, so nobody has this one. */
const NOBODY = "zeroclaw--test";

const COMMIT = "5e1c309dae7f45e0f39b1bf3ac3cd9db12e7d689";

/** Examples by name, the default first, about the first of `repositories` that is one, so that the agent may see them. */
export function githubSamples(repositories: readonly string[]): Readonly<Record<string, GithubSample>> {
  const about = aboutRepository(repositories);
  const issue = { ...written("The gateway answers"), title: "A test delivery of zeroclaw", labels: [] };
  return {
    ping: ["ping", () => ({ zen: "Keep it logically awesome.", hook_id: 1, hook: HOOK, ...about })],
    push: ["push", ({ now }) => ({ ...push(now), ...about })],
    "issues.opened": ["issues", () => ({ action: "opened", issue, ...about })],
    "issue_comment.created": [
      "issue_comment",
      ({ now }) => ({
        action: "created",
        issue,
        comment: { id: 1, ...written("What does the gateway do with this?"), created_at: time(now) },
        ...about,
      }),
    ],
    "pull_request.opened": ["pull_request", () => ({ action: "opened", number: NO_ISSUE, ...pullRequest(), ...about })],
    "workflow_run.completed": ["workflow_run", () => ({ action: "completed", ...workflowRun(), ...about })],
    "release.published": ["release", ({ now }) => ({ action: "published", ...release(now), ...about })],
  };
}

const HOOK = {
  type: "Repository",
  id: 1,
  name: "web",
  active: true,
  events: ["*"],
  config: { content_type: "json", insecure_ssl: "0" },
};

const USER = { login: NOBODY, id: 1, type: "User", site_admin: false };

function aboutRepository(repositories: readonly string[]): Payload {
  const pattern = repositories.find((entry) => entry !== "*") ?? `${NOBODY}/example`;
  const full_name = pattern.replace("*", "example");
  const [login = "", name = ""] = full_name.split("/");
  return {
    repository: {
      id: 1,
      name,
      full_name,
      private: false,
      owner: { login, id: 1, type: "User" },
      html_url: `https://github.com/${full_name}`,
      default_branch: "main",
    },
    sender: USER,
  };
}

function written(body: string): Payload {
  return { number: NO_ISSUE, state: "open", user: USER, author_association: "OWNER", body };
}

function push(now: number): Payload {
  const author = { name: "Test", email: "test@example.com", username: NOBODY };
  const commit = {
    id: COMMIT,
    message: "A test delivery of zeroclaw",
    timestamp: time(now),
    author,
    committer: author,
    added: ["docs/new.md"],
    removed: [],
    modified: ["README.md"],
  };
  return {
    ref: "refs/heads/main",
    before: "0f0e0d0c0b0a09080706050403020100ffeeddcc",
    after: COMMIT,
    created: false,
    deleted: false,
    forced: false,
    commits: [commit],
    head_commit: commit,
    pusher: { name: NOBODY, email: "test@example.com" },
  };
}

function pullRequest(): Payload {
  const pull_request = {
    ...written("It changes one line."),
    title: "A test delivery of zeroclaw",
    draft: false,
    merged: false,
    head: { ref: "test", sha: COMMIT },
    base: { ref: "main" },
    commits: 1,
    additions: 1,
    deletions: 1,
    changed_files: 1,
  };
  return { pull_request };
}

function workflowRun(): Payload {
  const run = { id: 1, name: "CI", run_number: 1, event: "push", status: "completed", conclusion: "failure" };
  return { workflow_run: { ...run, head_branch: "main", head_sha: COMMIT }, workflow: { id: 1, name: "CI" } };
}

function release(now: number): Payload {
  return {
    release: {
      id: 1,
      tag_name: "v1.0.0",
      name: "A test delivery of zeroclaw",
      draft: false,
      prerelease: false,
      body: "Nothing was released.",
      author: USER,
      published_at: time(now),
    },
  };
}

function time(now: number): string {
  return new Date(now).toISOString();
}
