import { describe, expect, test } from "bun:test";
import { FakeProcess } from "../fakes/fake-process.ts";
import type { GatewayClient, Row } from "../support/gateway-client.ts";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { eventIn, eventsOf, outcomesOf, replyOf } from "../support/inbox.ts";
import { commentPayload, fromGithub, post } from "../support/signing.ts";

const SECRET = "It's a Secret to Everybody";
const CHANNEL = `[channels.github]\nsecret = "${SECRET}"\n`;
const OPEN = `${CHANNEL}allowed_repos = ["Octo/Hello"]\n`;

export function githubConformance(command: readonly string[]): void {
  describe("GitHub", () => {
    storedOnly(command);
    answers(command);
  });
}

/** Posts it and waits until it is done. Fails when it is not 202. */
async function taken(gateway: GatewayProcess, owner: GatewayClient, event: string, payload: object): Promise<Row> {
  const answer = await post(gateway.client(), fromGithub(SECRET, event, payload));
  expect({ status: answer.status, body: answer.json }).toMatchObject({ status: 202, body: { status: "accepted" } });
  return eventIn(owner, answer.field("event_id"));
}

function storedOnly(command: readonly string[]): void {
  test("a ping is taken, at both addresses, and runs nothing", async () => {
    await using gateway = await GatewayProcess.start(command, { config: `${OPEN}events = ["push"]\n` });
    const owner = await gateway.owner();
    for (const path of ["/webhook/github", "/github"]) {
      const ping = { zen: "Keep it logically awesome.", repository: { full_name: "octo/hello" } };
      const answer = await post(gateway.client(), { ...fromGithub(SECRET, "ping", ping), path });
      expect({ path, status: answer.status }).toEqual({ path, status: 202 });
      const event = await eventIn(owner, answer.field("event_id"));
      expect(event).toMatchObject({ source: "github", type: "ping", attempts: 1 });
      expect(event).not.toHaveProperty("response");
    }
  });

  test("an event that channels.github.events leaves out is 200 ignored, and not stored", async () => {
    await using gateway = await GatewayProcess.start(command, {
      config: `${OPEN}events = ["push", "issues.opened"]\n`,
    });
    const owner = await gateway.owner();
    const send = (event: string, payload: object) => post(gateway.client(), fromGithub(SECRET, event, payload));
    for (const [event, payload] of [
      ["watch", { action: "started" }],
      ["issues", { action: "closed" }],
    ] as const) {
      const ignored = await send(event, payload);
      expect({ event, status: ignored.status, is: ignored.json["status"] }).toEqual({
        event,
        status: 200,
        is: "ignored",
      });
    }
    expect((await send("issues", { action: "opened" })).status).toBe(202);
    expect((await eventsOf(owner)).map(({ type }) => type)).toEqual(["issues.opened"]);
  });

  test("nobody's agent sees what no allowed repository sent", async () => {
    await using gateway = await GatewayProcess.start(command, { config: CHANNEL });
    const owner = await gateway.owner();
    const event = await taken(gateway, owner, "issue_comment", commentPayload({ body: "Fix it" }));
    expect(outcomesOf(event)).toEqual([expect.stringContaining("channels.github.allowed_repos")]);
    expect(event).not.toHaveProperty("response");
  });

  test.each([
    ["a stranger", commentPayload({ body: "Fix it", association: "NONE" }), "association is NONE"],
    [
      "a first-time contributor",
      commentPayload({ body: "x", association: "FIRST_TIMER" }),
      "association is FIRST_TIMER",
    ],
    ["a bot", commentPayload({ body: "Bump it", type: "Bot" }), "written by a bot"],
    ["another repository", commentPayload({ body: "x", repository: "octo/hello2" }), "octo/hello2 is not among"],
  ])("what %s wrote is stored and no more, and says why", async (_who, payload, reason) => {
    await using gateway = await GatewayProcess.start(command, { config: OPEN });
    const owner = await gateway.owner();
    const event = await taken(gateway, owner, "issue_comment", payload);
    expect(outcomesOf(event)).toEqual([expect.stringContaining(reason)]);
    expect(event).not.toHaveProperty("response");
    expect((await owner.get("/metrics")).text).not.toMatch(/^zeroclaw_runs_total\{/m);
  });
}

function answers(command: readonly string[]): void {
  test("a member's comment is answered by one comment with the hidden mark; that comment coming back runs nothing", async () => {
    await using github = await FakeProcess.start("github");
    const config = `${OPEN}reply = true\naccess_token = "ghs_x"\napi_url = "${github.url}"\nreply_private = true\n`;
    await using gateway = await GatewayProcess.start(command, { config });
    const owner = await gateway.owner();
    const asked = await taken(gateway, owner, "issue_comment", commentPayload({ body: "What now?" }));
    const event_id = String(asked["event_id"]);
    await eventually("the comment was written", async () => {
      return replyOf(await eventIn(owner, event_id))?.["state"] === "sent";
    });
    const url = `${github.url}/repos/octo/hello/issues/7/comments`;
    // as: the fake answers as GitHub does, with a list of comments.
    const comments = (await (await fetch(url, { headers: { Authorization: "Bearer t" } })).json()) as {
      body: string;
    }[];
    const [ours, ...more] = comments.map(({ body }) => body);
    expect(more).toEqual([]);
    expect(ours).toContain(`<!-- zeroclaw:${event_id}`);
    // The account of the token may be a person's, and an owner's.
    const back = commentPayload({ body: String(ours), association: "OWNER" });
    expect(outcomesOf(await taken(gateway, owner, "issue_comment", back))).toEqual([
      expect.stringContaining("written by this gateway"),
    ]);
    expect((await owner.get("/metrics")).text).toContain('zeroclaw_runs_total{state="done"} 1');
    expect((await github.counts()).made).toBe(1);
  });

  test("without reply = true the answer stays in the session", async () => {
    await using gateway = await GatewayProcess.start(command, { config: OPEN });
    const owner = await gateway.owner();
    const event = await taken(gateway, owner, "issue_comment", commentPayload({ body: "What now?" }));
    expect(event).toMatchObject({ session_id: "github:octo.hello:7", response: expect.any(String), replies: [] });
  });
}
