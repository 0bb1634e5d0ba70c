import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { answer, callTool, cutAfter, ending, gate, ModelServer, refuse } from "../../fakes/model-server.ts";
import { agentAt, asIfRemote, eventsOf, failureOf, textOf, toolsOf, turnOf, untilTrue } from "./support/ask.ts";

let server: ModelServer;
beforeEach(async () => {
  server = await ModelServer.start();
});
afterEach(() => server.stop());

function remoteAgent() {
  const { url, fetch } = asIfRemote(server.url);
  const opened = agentAt(url, {}, { fetch });
  /** Resolves when the agent waits for its `count`th chance to ask again. */
  const waiting = (count: number) =>
    untilTrue(() => opened.lines.filter((line) => line.includes("asked again")).length === count);
  return { ...opened, waiting };
}

describe("a server elsewhere that has no room", () => {
  test("is asked again when it said, and the answer is as if nothing had been", async () => {
    server.next(refuse(429, "Slow down", { "retry-after": "20" }), refuse(429, "Slow down", { "retry-after": "5" }));
    const { agent, clock, waiting } = remoteAgent();
    const events = eventsOf(agent, turnOf("Hello"));
    await waiting(1);
    clock.advance(19_999);
    expect(server.asked).toHaveLength(1);
    clock.advance(1);
    await waiting(2);
    clock.advance(5_000);
    expect(textOf(await events)).toBe("Hello");
    expect(server.asked).toHaveLength(3);
  });

  test("is asked three times in all, a second and three apart when it does not say", async () => {
    server.next(refuse(503, "No"), refuse(500, "No"), refuse(429, "Still no", { "retry-after": "9" }));
    const { agent, clock, waiting } = remoteAgent();
    const failing = failureOf(agent);
    await waiting(1);
    clock.advance(1_000);
    await waiting(2);
    clock.advance(2_999);
    expect(server.asked).toHaveLength(2);
    clock.advance(1);
    const failure = await failing;
    expect([failure.code, failure.retryAfter, server.asked.length]).toEqual(["agent_unavailable", 9, 3]);
  });

  test("is not waited for when it says more than 30 s", async () => {
    server.next(refuse(429, "Tomorrow", { "retry-after": "31" }));
    const failure = await failureOf(remoteAgent().agent);
    expect([failure.retryAfter, server.asked.length]).toEqual([31, 1]);
  });

  test("is understood when it gives a date or milliseconds", async () => {
    const at = "Sun, 22 Nov 2026 12:10:00 GMT"; // ten minutes after the clock of these tests
    server.next(refuse(429, "Later", { "retry-after": at }), refuse(429, "Later", { "retry-after-ms": "90500" }));
    expect((await failureOf(remoteAgent().agent)).retryAfter).toBe(600);
    expect((await failureOf(remoteAgent().agent)).retryAfter).toBe(91);
  });

  test.each(["-5", "0", "0.0", "+5", "soon", "", "1e9", "Sun, 22 Nov 2026 11:59:59 GMT", "Mon, 99 Foo 2026"])(
    "is taken to have said nothing when it says %p",
    async (text) => {
      server.fallback = refuse(429, "Later", { "retry-after": text });
      const { agent, clock, waiting } = remoteAgent();
      const failing = failureOf(agent);
      await waiting(1);
      clock.advance(1_000);
      await waiting(2);
      clock.advance(3_000);
      const failure = await failing;
      expect([failure.retryAfter, failure.message.includes("Try again")]).toEqual([undefined, false]);
    },
  );

  test("is believed in seconds when its milliseconds are no time", async () => {
    server.next(refuse(429, "Later", { "retry-after-ms": "0", "retry-after": "45" }));
    expect((await failureOf(remoteAgent().agent)).retryAfter).toBe(45);
  });

  test("is no longer waited for by who has left", async () => {
    server.next(refuse(429, "Slow down", { "retry-after": "20" }));
    const { agent, clock, waiting } = remoteAgent();
    const abort = new AbortController();
    const events = eventsOf(agent, turnOf("Hello"), abort.signal);
    await waiting(1);
    abort.abort(new Error("gone"));
    await expect(events).rejects.toThrow("gone");
    expect([clock.timers, server.asked.length]).toEqual([0, 1]);
  });

  test("after a tool was used is asked again for what comes next, and the tool is not used twice", async () => {
    server.next(callTool("look", {}), refuse(503, "No", { "retry-after": "1" }), answer("There."));
    let used = 0;
    const tools = toolsOf(() => ({ text: String(++used), failed: false }));
    const { agent, clock, waiting } = remoteAgent();
    const events = eventsOf(agent, turnOf("Look", { tools: async () => tools }));
    await waiting(1);
    clock.advance(1_000);
    expect(textOf(await events)).toBe("There.");
    expect(used).toBe(1);
  });
});

test("an answer that broke off is not asked for again", async () => {
  server.next(cutAfter("Half"));
  await failureOf(remoteAgent().agent);
  expect(server.asked).toHaveLength(1);
});

test("a refused key is not asked about again", async () => {
  server.next(refuse(401, "No"));
  await failureOf(remoteAgent().agent);
  expect(server.asked).toHaveLength(1);
});

describe("a model that says nothing", () => {
  test.each([
    ["elsewhere", 120_000],
    ["on this machine", 300_000],
  ] as const)("%s is given up after %p ms when it has not begun", async (where, ms) => {
    const { url, fetch } = asIfRemote(server.url);
    const { agent, clock } = where === "elsewhere" ? agentAt(url, {}, { fetch }) : agentAt(server.url);
    server.next({ parts: [gate().part] });
    const failing = failureOf(agent);
    await untilTrue(() => server.asked.length === 1 && clock.timers === 1);
    clock.advance(ms - 1);
    expect(server.asked[0]!.disconnected).toBe(false);
    clock.advance(1);
    // The answer's head may have come in between, and then its body is waited for anew.
    const tick = setInterval(() => clock.advance(ms), 5);
    const { message } = await failing.finally(() => clearInterval(tick));
    expect(message).toContain(`did not begin to answer for ${ms / 1_000} s`);
    await server.asked[0]!.over;
    expect(server.asked[0]!.disconnected).toBe(true);
  });

  test("in the middle of its answer is given up after 60 s", async () => {
    const more = gate();
    server.next({ parts: [{ say: "one " }, more.part, { say: "two" }, gate().part] });
    const { agent, clock } = remoteAgent();
    const events = agent.run(turnOf("Hello"), new AbortController().signal)[Symbol.asyncIterator]();
    await events.next();
    clock.advance(59_999);
    more.open();
    expect((await events.next()).value).toEqual({ type: "delta", content: "two" });
    const next = events.next();
    clock.advance(59_999);
    clock.advance(1);
    await expect(next).rejects.toThrow("stopped in the middle of its answer and said nothing more for 60 s");
  });

  test("while a tool is at work is not waited for", async () => {
    const working = gate();
    const tools = toolsOf(async () => {
      if ("wait" in working.part) await working.part.wait;
      return { text: "found", failed: false };
    });
    server.next(callTool("look", {}), { parts: [{ say: "Done." }, ending("stop")] });
    const { agent, clock } = remoteAgent();
    const events = eventsOf(agent, turnOf("Look", { tools: async () => tools }));
    await untilTrue(() => server.asked.length === 1 && clock.timers === 0);
    await server.asked[0]!.over;
    clock.advance(500_000);
    working.open();
    expect(textOf(await events)).toBe("Done.");
  });
});

test("no timer is left when an answer is over", async () => {
  const { agent, clock } = remoteAgent();
  await eventsOf(agent, turnOf("Hello"));
  await untilTrue(() => clock.timers === 0); // the response ends a moment after the answer
});
