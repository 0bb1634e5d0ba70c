import { describe, expect, test } from "bun:test";
import type { Grant } from "../../../src/agent/agent-parts.ts";
import { quiet } from "../../support/agent.ts";
import { Bench, failure, past, refusalOf } from "./acp-bench.ts";

interface Report {
  /** How sessions were opened and closed, in that order. */
  readonly opened: readonly string[];
  /** What was said in this one. */
  readonly past: readonly string[];
  readonly sessions: number;
}

async function report(bench: Bench, turn: Parameters<Bench["say"]>[1] = {}): Promise<Report> {
  // as: the fake says it in this shape, after whatever it repeats of the prompt.
  return JSON.parse(await bench.say("sessions", turn)) as Report;
}

/** Gives the tokens t1, t2 and so on. */
function grants(): { readonly live: ReadonlySet<string>; readonly grant: () => Grant } {
  const live = new Set<string>();
  let count = 0;
  const grant = () => {
    count += 1;
    const token = `t${count}`;
    live.add(token);
    return { url: "http://127.0.0.1:8585/mcp", token, revoke: () => void live.delete(token) };
  };
  return { live, grant };
}

describe("ACP sessions", () => {
  test("are one for each conversation and reach, so that strangers share none with the owner", async () => {
    await using bench = new Bench();
    await bench.say("echo a");
    await bench.say("echo b", { history: past("echo a", "a") });
    await bench.say("echo stranger", { reach: "channel" });
    await bench.say("echo other", { session_id: "other" });
    expect((await report(bench, { history: past("x", "y") })).past).toEqual(["echo a", "echo b", "sessions"]);
    expect((await report(bench, { history: past("x", "y"), reach: "channel" })).past).toEqual([
      "echo stranger",
      "sessions",
    ]);
  });

  test("of single requests are new for each, and closed after it", async () => {
    await using bench = new Bench();
    await bench.say("echo a", { once: true });
    const seen = await report(bench, { once: true });
    expect(seen.past).toEqual(["sessions"]);
    expect(seen.opened).toEqual(expect.arrayContaining(["new []", "close", "new []"]));
    expect(seen.sessions).toBe(1);
  });

  test("hear one prompt at a time: the second waits for the first", async () => {
    await using bench = new Bench();
    const first = bench.run("permission allow_once");
    const { value: asked } = await first.next();
    const second = bench.say("echo second", { history: past("a", "b") });
    await quiet();
    if (asked?.type === "permission") asked.decide("allow");
    const said = [];
    for (let step = await first.next(); step.done !== true; step = await first.next()) said.push(step.value.type);
    expect(said).toEqual(["delta", "done"]);
    expect(await second).toBe("second ");
  });

  test("begin anew when the conversation was deleted", async () => {
    await using bench = new Bench();
    await bench.say("echo a secret");
    const seen = await report(bench);
    expect(seen.past).toEqual(["sessions"]);
    expect(seen.opened).toEqual(expect.arrayContaining(["new []", "close", "new []"]));
  });

  test("are 64 at most; the one used longest ago is closed, and resumed when it is needed again", async () => {
    await using bench = new Bench({ fake: { resume: true } });
    for (let i = 0; i < 65; i += 1) await bench.say("echo x", { session_id: `s${i}`, history: past("a", "b") });
    const youngest = await report(bench, { session_id: "s64", history: past("a", "b") });
    expect(youngest.sessions).toBe(64);
    const first = await report(bench, { session_id: "s0", history: past("a", "b") });
    expect(first.opened.filter((how) => how === "close")).toHaveLength(1);
    expect(first.opened.filter((how) => how.startsWith("resume"))).toEqual([expect.stringMatching(/^resume s\d+-1$/)]);
  });

  test.each([
    [{ resume: true }, /^resume /],
    [{ load: true }, /^load /],
  ])("outlive a crash of the agent if it can go on with them: %o", async (fake, opened) => {
    await using bench = new Bench({ fake });
    await failure(bench.events("crash"));
    // What a session that is loaded repeats of its past is no part of the answer.
    const seen = await bench.elapse(report(bench, { history: past("crash", "And then") }));
    expect(seen.opened).toEqual([expect.stringMatching(opened)]);
  });

  test("that the agent has forgotten are opened anew with the conversation so far, unseen by whoever asks", async () => {
    await using bench = new Bench();
    await bench.say("forget");
    const answer = await bench.say("prompt", { history: past("forget", "What was I about to say?") });
    expect(answer).toBe(
      [
        'The conversation so far stands between the two lines "conversation-070707070707". It is not to be answered again.',
        "conversation-070707070707",
        "user: forget",
        "assistant: What was I about to say?",
        "conversation-070707070707",
        "",
        "prompt",
      ].join("\n"),
    );
  });

  test("get the gateway's tools if the agent can use them, until the session is over", async () => {
    const tokens: string[] = [];
    const revoked: string[] = [];
    const grant = (): Grant => {
      const token = `t${tokens.push("")}`;
      return { url: "http://127.0.0.1:8585/mcp", token, revoke: () => revoked.push(token) };
    };
    await using bench = new Bench({ fake: { mcpHttp: true }, grant });
    await bench.say("echo a");
    const seen = await report(bench, { history: past("a", "b") });
    const server = {
      type: "http",
      name: "zeroclaw",
      url: "http://127.0.0.1:8585/mcp",
      headers: [{ name: "Authorization", value: "Bearer t1" }],
    };
    expect(seen.opened.map((how) => JSON.parse(how.replace(/^new /, "")))).toEqual([[server]]);
    expect(revoked).toEqual([]);
    await bench.say("echo b", { once: true });
    await quiet();
    expect(revoked).toEqual(["t2"]);
    await bench.elapse(bench.agent.stop());
    expect(revoked).toEqual(["t2", "t1"]);
  });

  test("of a deleted conversation are closed, and their tools taken away at once, for every reach of it", async () => {
    const { live, grant } = grants();
    await using bench = new Bench({ fake: { mcpHttp: true, resume: true }, grant });
    await bench.say("echo a secret");
    await bench.say("echo a stranger", { reach: "channel" });
    await bench.say("echo other", { session_id: "other" });
    expect([...live]).toEqual(["t1", "t2", "t3"]);
    bench.agent.forget?.("main");
    bench.agent.forget?.("mai");
    expect([...live]).toEqual(["t3"]);
    // Not even under its old name, for whoever begins in it before it knows that the past is gone.
    const seen = await report(bench, { history: past("a", "b") });
    expect(seen.past).toEqual(["sessions"]);
    expect(seen.opened.filter((how) => how.startsWith("new"))).toHaveLength(4); // and none was resumed
    expect(seen.opened).toHaveLength(6);
    expect(seen.sessions).toBe(2);
    expect([...live]).toEqual(["t3", "t4"]);
  });

  test("of a conversation that is deleted while a turn is under way are closed when it has ended, and serve no other", async () => {
    const { live, grant } = grants();
    await using bench = new Bench({ fake: { mcpHttp: true }, grant });
    const first = bench.run("permission allow_once");
    const { value: asked } = await first.next();
    const waiting = report(bench, { history: past("a", "b") });
    await quiet();
    bench.agent.forget?.("main");
    expect([...live]).toEqual([]);
    const next = await report(bench, { history: past("a", "b") });
    expect(next.past).toEqual(["sessions"]);
    if (asked?.type === "permission") asked.decide("allow");
    const said = [];
    for (let step = await first.next(); step.done !== true; step = await first.next()) said.push(step.value.type);
    expect(said).toEqual(["delta", "done"]);
    expect((await waiting).past).toEqual(["sessions"]);
    await quiet();
    expect([...live]).toEqual(["t2"]);
    expect((await report(bench, { history: past("a", "b") })).sessions).toBe(1);
  });

  test("whose conversation is deleted while they are opened get no tools and are not continued", async () => {
    const revoked: string[] = [];
    const grant = (): Grant => {
      // The agent is about to be asked.
      queueMicrotask(() => bench.agent.forget?.("main"));
      return { url: "http://127.0.0.1:8585/mcp", token: "t", revoke: () => revoked.push("t") };
    };
    await using bench = new Bench({ fake: { mcpHttp: true }, grant });
    const turn = bench.run("permission allow_once");
    const { value: asked } = await turn.next();
    expect(revoked).toEqual(["t"]);
    if (asked?.type === "permission") asked.decide("allow");
    while ((await turn.next()).done !== true);
    expect((await report(bench, { history: past("a", "b") })).past).toEqual(["sessions"]);
  });

  test("that the agent opens under the id of another are refused, and the other stays as it is", async () => {
    await using bench = new Bench({ fake: { ids: "same" } });
    const first = bench.run("permission allow_once");
    const { value: asked } = await first.next();
    expect(await refusalOf(bench.events("echo intruder", { session_id: "other", reach: "channel" }))).toMatchObject({
      message:
        'The agent "fake-agent" opened a session under the id "same", which another conversation has open. Both would be one, so it is not used.',
      code: "agent_failed",
      permanent: false,
    });
    if (asked?.type === "permission") asked.decide("allow");
    const said = [];
    for (let step = await first.next(); step.done !== true; step = await first.next()) said.push(step.value.type);
    expect(said).toEqual(["delta", "done"]);
  });

  test("that are counted anew after a crash are not taken for those of before", async () => {
    await using bench = new Bench({ fake: { ids: "counted", resume: true } });
    await failure(bench.events("crash"));
    const other = { session_id: "other", history: past("a", "b") };
    expect((await bench.elapse(report(bench, other))).opened).toEqual(["new []"]);
    const seen = await report(bench, { history: past("crash", "And then") });
    expect(seen).toMatchObject({ opened: ["new []", "new []"], past: ["sessions"] });
  });

  test("get no tools when the agent cannot use them over HTTP: none are granted", async () => {
    await using bench = new Bench({
      grant: () => {
        throw new Error("not asked for");
      },
    });
    expect(await bench.say("echo a")).toBe("a ");
  });
});
