import { describe, expect, test } from "bun:test";
import dotcom from "@octokit/webhooks-examples/api.github.com/index.json";
import ghes31 from "@octokit/webhooks-examples/ghes-31/index.json";
import ghes32 from "@octokit/webhooks-examples/ghes-32/index.json";
import ghes33 from "@octokit/webhooks-examples/ghes-33/index.json";
import ghes34 from "@octokit/webhooks-examples/ghes-34/index.json";
import ghes35 from "@octokit/webhooks-examples/ghes-35/index.json";
import { signHubSignature } from "../../src/channels/verify/hub-signature.ts";
import { pickJson } from "../../src/lib/json-scan.ts";
import { deliver, event, open, plan, SESSION_ID } from "./support.ts";

interface Named {
  readonly name: string;
  readonly examples: readonly unknown[];
}

interface Known {
  readonly action?: unknown;
  readonly repository?: { readonly full_name: string };
  readonly issue?: { readonly number: number };
  readonly pull_request?: { readonly number: number };
  readonly discussion?: { readonly number: number };
  readonly sender?: { readonly type?: string; readonly login?: string };
}

const SETS: Readonly<Record<string, readonly Named[]>> = { dotcom, ghes31, ghes32, ghes33, ghes34, ghes35 };

const channel = open("github", { secret: "s3cret", allowed_repos: ["*"], reply: true });

function delivered(name: string, payload: unknown, id: string) {
  const body = Buffer.from(JSON.stringify(payload));
  const headers = {
    "Content-Type": "application/json",
    "X-GitHub-Event": name,
    "X-GitHub-Delivery": id,
    ...signHubSignature({ channel: "github", secrets: ["s3cret"] }, body),
  };
  return deliver(channel, { path: "", headers, body });
}

/** The rule of docs/channels/github.md in other words; the examples hold no owner with a dot. */
function expectedSession({ repository, issue, pull_request, discussion }: Known): string {
  if (!repository) return "github";
  const number = (issue ?? pull_request ?? discussion)?.number;
  return `github:${repository.full_name.replace("/", ".")}${number === undefined ? "" : `:${number}`}`;
}

describe("GitHub's own examples", () => {
  test("are more than 700", () => {
    const count = Object.values(SETS).flatMap((set) => set.flatMap(({ examples }) => examples)).length;
    expect(count).toBeGreaterThan(700);
  });

  test.each(Object.keys(SETS))("of %s are verified, read and planned, each with its type and session", (set) => {
    for (const { name, examples } of SETS[set]!) {
      for (const [i, example] of examples.entries()) {
        const known = example as Known; // written down by GitHub, as its schemas say
        const id = `${set}-${name}-${i}`;
        const read = event(delivered(name, example, id));
        const type = typeof known.action === "string" ? `${name}.${known.action}` : name;
        expect([read.type, read.session_id, read.delivery_id]).toEqual([type, expectedSession(known), id]);
        expect(read.session_id).toMatch(SESSION_ID);
        const planned = plan(channel, [read]);
        // What is said at once is what would be said in its turn.
        expect(read.stored).toBe(planned.run ? undefined : planned.reason);
        const bot = known.sender?.type === "Bot" || known.sender?.login?.endsWith("[bot]");
        if (bot || name === "ping") expect(planned.run).toBe(false);
        if (name === "push" && !bot) expect(planned).toEqual({ run: true, reply: null });
      }
    }
  });

  test("are scanned as they are parsed", () => {
    for (const { examples } of dotcom as readonly Named[]) {
      for (const example of examples) {
        const known = example as Known; // as above
        const found = pickJson(Buffer.from(JSON.stringify(example, null, 2)), {
          repository: { full_name: true },
          issue: { number: true },
        });
        const { repository, issue } = (found?.value ?? {}) as Known; // the same keys of the same example
        expect([repository?.full_name, issue?.number]).toEqual([known.repository?.full_name, known.issue?.number]);
      }
    }
  });
});
