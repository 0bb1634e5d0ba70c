import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import { isTerminal } from "../../src/protocol/frames.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { echo, quiet, ScriptedAgent } from "../support/agent.ts";
import { eventOf } from "../support/memory-runs.ts";
import { World } from "../support/socket.ts";
import { ask, byHand, endOf, nothingLeft, said } from "./steps.ts";

describe("an agent that", () => {
  const cases: readonly [string, (world: World) => void, object][] = [
    [
      "throws an AgentError fails its run with what it says",
      (w) => w.agent.last.fail(new AgentError("No key.")),
      { code: "agent_failed", detail: "No key." },
    ],
    [
      "throws anything else fails its run without saying why",
      (w) => w.agent.last.fail(new TypeError("secret zc_1")),
      { code: "agent_failed", detail: "The agent failed. The gateway's log says how." },
    ],
    [
      "stops without saying that it is done fails its run",
      (w) => w.agent.last.stop(),
      { code: "agent_failed", detail: "The agent stopped in the middle of its answer." },
    ],
    [
      "never ends is stopped after the time it has",
      (w) => w.clock.advance(600_000),
      { code: "agent_timeout", detail: "The agent did not answer within 600 s." },
    ],
    [
      "says more than 8 MB fails its run",
      (w) => w.agent.last.say("x".repeat(8 * 1024 * 1024 + 1)),
      { code: "agent_failed", detail: "The agent's answer is longer than 8 MB." },
    ],
  ];
  for (const [name, act, error] of cases) {
    test(name, async () => {
      const world = byHand();
      const handle = await world.runs.start(ask("Hi"));
      await quiet();
      world.agent.last.say("partly");
      await quiet();
      act(world);
      expect(await endOf(handle)).toMatchObject({ type: "error", run_id: handle.run_id, ...error });
      expect(world.store.rows.get(handle.run_id)).toMatchObject({ state: "failed", error });
      expect((await said(world)).filter(isTerminal)).toHaveLength(1);
      nothingLeft(world);
    });
  }

  test("throws when it is asked to begin fails its run", async () => {
    const world = byHand();
    world.agent.run = () => {
      throw new AgentError("Not installed.", { permanent: true });
    };
    const handle = await world.runs.start(ask("Hi"));
    expect(await endOf(handle)).toMatchObject({ code: "agent_failed", detail: "Not installed." });
  });

  test("is cancelled in the moment it begins, and hears nothing of it, holds nobody up", async () => {
    const world = byHand();
    world.agent.run = (turn) => {
      world.runs.cancel(turn.run_id);
      return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
    };
    const handle = await world.runs.start(ask("Hi"));
    expect(await endOf(handle)).toMatchObject({ code: "cancelled" });
  });

  test("heeds its signal is left at once", async () => {
    const world = new World({
      agent: new ScriptedAgent((turn) => turn.signal.addEventListener("abort", () => turn.fail(turn.signal.reason))),
    });
    const handle = await world.runs.start(ask("Hi"));
    await quiet();
    world.runs.cancel(handle.run_id);
    expect(await endOf(handle)).toMatchObject({ code: "cancelled" });
    expect(world.agent.last.left).toBe(true);
  });

  test("fails the run of one session leaves the next run of it alone", async () => {
    const world = byHand();
    await world.runs.start(ask("one"));
    const second = await world.runs.start(ask("two"));
    await quiet();
    world.agent.last.fail(new Error("broken"));
    await quiet();
    echo(world.agent.last);
    expect(await endOf(second)).toMatchObject({ type: "response", content: "You said: two" });
  });

  test("asks for permission in the run of an event gets a no, whoever listens", async () => {
    const world = byHand();
    world.permissions.subscribe({ asked: () => undefined, settled: () => undefined });
    await world.runs.start({ ...ask("Hi"), reach: "channel", origin: "event" });
    await world.runs.start({ ...ask("Hi", "t"), origin: "event", event: eventOf("e1", "t") });
    await quiet();
    const asked = await Promise.all(world.agent.turns.map((turn) => turn.ask("write")));
    expect(asked).toEqual(["deny", "deny"]);
  });
});

describe("a store that cannot write", () => {
  test("refuses a run before the agent hears of it, and nothing of it is left", async () => {
    for (const method of ["runs.create", "sessions.get"]) {
      const world = new World();
      world.store.fail(method);
      await expect(world.runs.start(ask("Hi"))).rejects.toThrow(StoreUnavailable);
      await quiet();
      expect([world.agent.turns.length, world.store.rows.size]).toEqual([0, 0]);
      nothingLeft(world);
      world.clock.advance(10 * 60_000);
      expect(world.streams.size).toBe(0);
      await expect(world.runs.start(ask("again"))).resolves.toMatchObject({ session_id: "s" });
    }
  });

  test("delays the end of a run until it can, and the answer is the same", async () => {
    const world = new World();
    world.store.fail("runs.finish", 3);
    const handle = await world.runs.start(ask("Hi"));
    for (let i = 0; i < 3; i += 1) {
      expect(await endOf(handle)).toBeUndefined();
      world.clock.advance(1_000);
    }
    expect(await endOf(handle)).toMatchObject({ type: "response", content: "You said: Hi" });
    expect((await said(world)).filter(isTerminal)).toHaveLength(1);
  });

  test("delays frames that have no number yet, and none is lost", async () => {
    const world = new World();
    world.store.fail("sessions.reserve", 2);
    const handle = await world.runs.start(ask("Hi there"));
    await quiet();
    expect(await said(world)).toEqual([]);
    for (let i = 0; i < 2; i += 1) {
      world.clock.advance(1_000);
      await quiet();
    }
    expect(await endOf(handle)).toMatchObject({ content: "You said: Hi there" });
    const deltas = (await said(world)).flatMap((frame) => (frame.type === "delta" ? [frame.content] : []));
    expect(deltas.join("")).toBe("You said: Hi there");
  });

  test("delays the beginning of a queued run, which can be cancelled meanwhile", async () => {
    const world = byHand();
    await world.runs.start(ask("one"));
    const second = await world.runs.start(ask("two"));
    const third = await world.runs.start(ask("three"));
    await quiet();
    world.store.fail("runs.begin", 2);
    world.agent.last.done();
    await quiet();
    world.runs.cancel(second.run_id);
    expect(await endOf(second)).toMatchObject({ code: "cancelled" });
    world.clock.advance(1_000);
    await quiet();
    world.agent.last.done();
    expect(await endOf(third)).toMatchObject({ type: "response" });
    expect(world.agent.turns.map(({ turn }) => turn.text)).toEqual(["one", "three"]);
  });

  test("whose success was not reported does not make a run end twice, and its end is told", async () => {
    const world = new World();
    const { finish } = world.store.runs;
    let calls = 0;
    world.store.runs.finish = async (...args) => {
      calls += 1;
      const first = await finish(...args);
      if (calls === 1) throw new StoreUnavailable("The connection was lost after the commit");
      return first;
    };
    const handle = await world.runs.start(ask("Hi"));
    await quiet();
    world.clock.advance(1_000);
    const end = await endOf(handle);
    expect(end).toMatchObject({ type: "response", content: "You said: Hi" });
    expect(end?.seq).toBe(world.store.rows.get(handle.run_id)?.seq ?? -1);
    expect((await said(world)).filter(isTerminal)).toHaveLength(1);
  });
});
