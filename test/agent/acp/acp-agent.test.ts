import { describe, expect, test } from "bun:test";
import { type AcpSystem, systemAcp } from "../../../src/agent/acp/system.ts";
import type { AgentEvent, PermissionDecision } from "../../../src/agent/agent.ts";
import { quiet } from "../../support/agent.ts";
import { Bench, errorOf, failure, past, refusalOf, saidIn } from "./acp-bench.ts";

type Permission = Extract<AgentEvent, { type: "permission" }>;

describe("an ACP agent", () => {
  test("starts its program with the first turn, and is called by its own name from then on", async () => {
    await using bench = new Bench();
    expect(bench.agent).toMatchObject({ kind: "acp" });
    expect(bench.pids).toEqual([]);
    const events = await bench.events("echo one two");
    expect(saidIn(events)).toBe("one two ");
    expect(events.at(-1)).toEqual({ type: "done", usage: { input_tokens: 4, output_tokens: 5 } });
    expect(bench.agent.model).toBe("fake-agent");
    await bench.events("echo again");
    expect(bench.pids).toHaveLength(1);
  });

  test("tells thoughts, and each tool call once a state, cleaned and cut", async () => {
    await using bench = new Bench();
    expect((await bench.events("think")).slice(0, 2)).toEqual([
      { type: "thought", content: "Hm." },
      { type: "delta", content: "Yes." },
    ]);
    const events = await bench.events("tools");
    const tool = { type: "tool", call_id: "t1", name: "Read[31m a file", input: { path: "/x" } } as const;
    expect(events).toEqual([
      { type: "delta", content: "Let me look." },
      { ...tool, state: "running" },
      { ...tool, state: "done", output: expect.stringMatching(/^\{"text":"y{4000,4090}…$/) },
      { type: "tool", call_id: "t2", name: "execute", state: "running" },
      { type: "tool", call_id: "t2", name: "execute", state: "failed", output: "no such file" },
      { type: "delta", content: "\n\nFound it." },
      { type: "done" },
    ]);
  });

  test("answers with a count of its tools when it used some and said nothing, and fails when it did neither", async () => {
    await using bench = new Bench();
    expect(await bench.say("only")).toBe("(no words; it used 1 tool)");
    expect(await failure(bench.events("silent"))).toContain('The agent "fake-agent" ended its answer without a word.');
  });

  test("names what is no text in brackets, and leaves out what it does not know", async () => {
    await using bench = new Bench();
    expect(await bench.say("odd")).toBe("[image][notes: file:///n]!");
  });

  test.each([
    ["end_turn", null],
    ["max_tokens", null],
    ["a_reason_of_tomorrow", null],
    ["refusal", "refused to answer"],
    ["max_turn_requests", "asked its model as often as it may"],
    ["cancelled", "was not asked to"],
  ])("takes the stop reason %s as it is meant", async (reason, words) => {
    await using bench = new Bench();
    if (words === null) expect(await bench.say(`stop ${reason} fine`)).toBe("fine");
    else expect(await failure(bench.events(`stop ${reason} half`))).toContain(words);
  });

  test("tells an agent's error with its details, and a login in the agent's own words", async () => {
    await using bench = new Bench();
    expect(await errorOf(bench.events("fail -32603 Internal error"))).toMatchObject({
      message: 'The agent "fake-agent" answered with an error: Internal error: see the log',
      permanent: false,
    });
    await using stranger = new Bench({ fake: { login: true } });
    expect(await errorOf(stranger.events("echo"))).toMatchObject({
      message:
        'The agent "fake-agent" wants you to log in first. It offers: Log in with the web: Run `fake login`. Log in with its own program, as the user that runs this gateway, then ask again.',
      permanent: true,
    });
  });

  test("refuses the agent the gateway's files", async () => {
    await using bench = new Bench();
    expect(await bench.say("fs")).toBe("refused -32601");
  });
});

describe("a permission", () => {
  const all = "permission allow_once allow_always reject_once reject_always some_kind";

  test.each<[PermissionDecision, string, object]>([
    ["allow", all, { outcome: "selected", optionId: "id:allow_once" }],
    ["always", all, { outcome: "selected", optionId: "id:allow_always" }],
    ["deny", all, { outcome: "selected", optionId: "id:reject_once" }],
    ["deny", "permission allow_once reject_always", { outcome: "selected", optionId: "id:reject_always" }],
    ["deny", "permission allow_once", { outcome: "cancelled" }],
    ["allow", "permission reject_once", { outcome: "cancelled" }],
    ["deny", "permission allow_once=x reject_once=x", { outcome: "cancelled" }],
    ["allow", "permission allow_once=x some_kind=x", { outcome: "cancelled" }],
    [
      "deny",
      "permission allow_once=x reject_once=x reject_always",
      { outcome: "selected", optionId: "id:reject_always" },
    ],
  ])("is decided with %s by an option's kind: %s", async (decision, text, outcome) => {
    await using bench = new Bench();
    const turn = bench.run(text);
    const { value: asked } = await turn.next();
    const { title, decide } = asked as Permission; // as: the fake asks before it says anything
    expect(title).toBe("Delete everything");
    decide(decision);
    decide("allow");
    const { value: said } = await turn.next();
    expect(JSON.parse(saidIn([said]))).toEqual({ outcome });
    expect((await turn.next()).value).toEqual({ type: "done" });
  });

  test("offers what the agent offers, and always a no", async () => {
    await using bench = new Bench();
    for (const [text, options] of [
      [all, ["allow", "always", "deny"]],
      ["permission allow_once", ["allow", "deny"]],
      ["permission", ["deny"]],
      ["permission allow_once=x allow_always=x reject_once", ["deny"]],
    ] as const) {
      const turn = bench.run(text);
      const asked = (await turn.next()).value as Permission; // as above
      expect(asked.options).toEqual([...options]);
      asked.decide("deny");
      await Array.fromAsync({ [Symbol.asyncIterator]: () => turn });
    }
  });

  test.each([
    ["a channel's", { reach: "channel" }],
    ["a single request's", { once: true }],
    // as: only whether there is one counts.
    ["an event's", { event: {} as never }],
  ] as const)("in %s turn is a no without anybody being asked", async (_whose, turn) => {
    await using bench = new Bench();
    const events = await bench.events(all, turn);
    expect(events.map(({ type }) => type)).toEqual(["delta", "done"]);
    expect(JSON.parse(saidIn(events))).toEqual({ outcome: { outcome: "selected", optionId: "id:reject_once" } });
  });

  test("that is open when the turn is cancelled is answered with cancelled", async () => {
    await using bench = new Bench();
    const abort = new AbortController();
    const turn = bench.run(all, {}, abort.signal);
    await turn.next();
    abort.abort(new Error("enough"));
    expect(await failure(turn.next())).toContain("enough");
    // The fake ends its prompt only when it is answered: the next one in the session comes after that.
    expect(await bench.say("echo next", { history: past("a", "b") })).toBe("next ");
    expect(bench.pids).toHaveLength(1);
  });
});

describe("a cancelled turn", () => {
  test("ends at once, and the session goes on in the same process", async () => {
    await using bench = new Bench();
    const abort = new AbortController();
    const turn = bench.run("hang", {}, abort.signal);
    expect((await turn.next()).value).toEqual({ type: "delta", content: "Wait" });
    abort.abort(new Error("steered"));
    expect(await failure(turn.next())).toContain("steered");
    const report = JSON.parse(await bench.say("sessions", { history: past("hang", "Wait") }));
    expect(report).toMatchObject({ past: ["hang", "sessions"] });
    expect(bench.pids).toHaveLength(1);
  });

  test("is cancelled with the agent as well when its reader leaves", async () => {
    await using bench = new Bench();
    for await (const event of { [Symbol.asyncIterator]: () => bench.run("hang") }) if (event.type === "delta") break;
    expect(await bench.say("echo next", { history: past("a", "b") })).toBe("next ");
  });

  test("that the agent does not stop ends the process after 5 s, with every turn of it, and nobody waits for the next", async () => {
    await using bench = new Bench();
    const abort = new AbortController();
    const deaf = bench.run("deaf", {}, abort.signal);
    await deaf.next();
    const other = bench.run("hang", { session_id: "other" });
    await other.next();
    abort.abort(new Error("enough"));
    expect(await failure(deaf.next())).toContain("enough");
    const next = bench.say("echo next", { history: past("a", "b") });
    bench.clock.advance(4_999);
    bench.clock.advance(1);
    expect(await failure(other.next())).toContain("did not stop an answer within 5 s");
    expect(await next).toBe("next ");
    expect(bench.pids).toHaveLength(2);
  });

  test("before it began starts nothing", async () => {
    await using bench = new Bench();
    expect(await failure(bench.run("echo", {}, AbortSignal.abort(new Error("gone"))).next())).toContain("gone");
    expect(bench.pids).toEqual([]);
  });
});

describe("a process that ends by itself", () => {
  test("fails its turns with how it ended and its last words, and is started again after a pause", async () => {
    await using bench = new Bench();
    const other = bench.run("hang", { session_id: "other" });
    await other.next();
    const events = bench.run("crash");
    expect((await events.next()).value).toEqual({ type: "delta", content: "And then" });
    const words =
      'The process of the agent "fake-agent" ended (exit code 3) before its answer did. It said: "Segmentation fault"';
    expect(await errorOf(events.next())).toMatchObject({ message: words, code: "agent_failed", permanent: false });
    expect(await failure(other.next())).toContain(words);
    expect(bench.logged.join("")).toContain('WARN  The agent\'s stderr line="Segmentation fault"');
    const next = bench.say("echo back");
    expect(await bench.elapse(next)).toBe("back ");
    expect(bench.pids).toHaveLength(2);
  });

  test("again and again is started after pauses that double up to 30 s, and a turn waits for 5 s of them at most", async () => {
    await using bench = new Bench({ fake: { exit: 2 } });
    const crash = 'ended (exit code 2) before its answer did. It said: "no model is configured [31m!"';
    expect(await failure(bench.events("echo"))).toContain(crash);
    for (const seconds of [1, 2, 4]) {
      const started = bench.pids.length;
      const waiting = bench.events("echo").catch((error: unknown) => error);
      await quiet();
      bench.clock.advance(seconds * 1_000 - 1);
      await quiet();
      expect(bench.pids).toHaveLength(started);
      bench.clock.advance(1);
      expect(String(await waiting)).toContain(crash);
    }
    for (const seconds of [8, 16, 30, 30]) {
      expect(await errorOf(bench.events("echo"))).toMatchObject({ code: "agent_unavailable", retryAfter: seconds });
      bench.clock.advance(seconds * 1_000);
      expect(await failure(bench.events("echo"))).toContain(crash);
    }
  });

  test("because it wrote something else than ACP fails its turns as any crash does, and can be asked again later", async () => {
    await using bench = new Bench();
    const other = bench.run("hang", { session_id: "other" });
    await other.next();
    const words = "more than 64 KB to its stdout that is no Agent Client Protocol";
    for (const seconds of [1, 2, 4, 8]) {
      const turn = refusalOf(bench.events("noise"));
      expect(await turn).toMatchObject({ message: expect.stringContaining(words), permanent: false });
      if (seconds === 1)
        expect(await refusalOf(other.next())).toMatchObject({ code: "agent_failed", permanent: false });
      if (seconds < 8) bench.clock.advance(seconds * 1_000);
    }
    expect(await refusalOf(bench.events("echo"))).toMatchObject({
      code: "agent_unavailable",
      permanent: false,
      retryAfter: 8,
      message: expect.stringContaining("failed 4 times in a row; it is started again in 8 s."),
    });
    bench.clock.advance(8_000);
    expect(await bench.say("echo back")).toBe("back ");
  });

  test("while it starts, or cannot be started now, is unavailable until the pause is over", async () => {
    await using crashing = new Bench({ fake: { exit: 2 } });
    expect(await refusalOf(crashing.events("echo"))).toMatchObject({
      message: expect.stringContaining("(exit code 2)"),
      code: "agent_unavailable",
      permanent: false,
      retryAfter: 1,
    });
    let room = false;
    const spawn: AcpSystem["spawn"] = (command) => {
      if (!room) throw new Error("EAGAIN: no more processes");
      return systemAcp.spawn(command);
    };
    await using crowded = new Bench({ system: { spawn } });
    for (const retryAfter of [1, 2, 4, 8]) {
      expect(await refusalOf(crowded.events("echo"))).toMatchObject({
        message: expect.stringContaining("EAGAIN"),
        code: "agent_unavailable",
        retryAfter,
      });
      if (retryAfter < 8) crowded.clock.advance(retryAfter * 1_000);
    }
    room = true;
    expect(await refusalOf(crowded.events("echo"))).toMatchObject({ code: "agent_unavailable", retryAfter: 8 });
    crowded.clock.advance(8_000);
    expect(await crowded.say("echo back")).toBe("back ");
  });

  test("is forgiven by the first answer", async () => {
    await using bench = new Bench();
    for (let i = 0; i < 3; i += 1) {
      expect(await failure(bench.events("crash"))).toContain("exit code 3");
      const waiting = bench.say("echo back");
      await quiet();
      bench.clock.advance(1_000);
      expect(await waiting).toBe("back ");
    }
  });
});
