import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { AgentError } from "../../src/agent/agent.ts";
import { isTerminal, type RunFrame } from "../../src/protocol/frames.ts";
import type { RunHandle, RunRequest, Terminal } from "../../src/runs/runs.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { echo, quiet, ScriptedAgent } from "../support/agent.ts";
import { eventOf } from "../support/memory-runs.ts";
import { World } from "../support/socket.ts";

function ask(text: string, session_id = "s"): RunRequest {
  return { session_id, device_id: "phone", origin: "websocket", reach: "chat", text };
}

function byHand(): World {
  return new World({ agent: new ScriptedAgent(null) });
}

/** The frame that has ended a run by now; undefined while it goes on. */
async function endOf(handle: RunHandle): Promise<Terminal | undefined> {
  await quiet();
  return Promise.race([handle.ended, Promise.resolve(undefined)]);
}

/** Everything a session has said, as a reader from the beginning sees it. */
async function said(world: World, session_id = "s"): Promise<RunFrame[]> {
  const stream = await world.streams.acquire(session_id);
  const abort = new AbortController();
  const frames: RunFrame[] = [];
  for await (const { frame } of stream.read(0, abort.signal, () => abort.abort())) frames.push(frame);
  world.streams.release(session_id);
  return frames;
}

function nothingLeft(world: World): void {
  expect(world.runs.active).toBe(0);
  expect(world.permissions.pending()).toEqual([]);
  expect(world.clock.timers).toBe(2); // the hub's ping and the streams' sweep
}

describe("a run", () => {
  test("is on disk before its handle is given out", async () => {
    const world = byHand();
    const handle = await world.runs.start(ask("Hi"));
    expect(world.store.rows.get(handle.run_id)).toMatchObject({
      state: "running",
      input: "Hi",
      session_id: "s",
      attempt: 1,
    });
    expect((await world.runs.get(handle.run_id))?.message_id).toBe(handle.message_id);
  });

  test("says what the agent says, in order, and then the whole of it in one response", async () => {
    const world = byHand();
    const handle = await world.runs.start(ask("Hi"));
    await quiet();
    const { last: turn } = world.agent;
    turn.think("hm");
    turn.tool("c1", "running", { q: 1 });
    turn.tool("c1", "done");
    turn.say("Hel");
    turn.say("lo");
    turn.done({ input_tokens: 3, output_tokens: 2 });
    const end = await endOf(handle);
    const { run_id, message_id } = handle;
    const frames = await said(world);
    expect(frames.map(({ type, seq }) => [type, seq])).toEqual([
      ["thought", 1],
      ["tool", 2],
      ["tool", 3],
      ["delta", 4],
      ["delta", 5],
      ["response", 6],
    ]);
    expect(frames[1]).toEqual({
      run_id,
      session_id: "s",
      seq: 2,
      attempt: 1,
      type: "tool",
      call_id: "c1",
      name: "look",
      state: "running",
      input: { q: 1 },
    });
    expect(frames[3]).toEqual({
      type: "delta",
      run_id,
      message_id,
      session_id: "s",
      seq: 4,
      attempt: 1,
      content: "Hel",
    });
    expect(end).toEqual({
      type: "response",
      content: "Hello",
      session_id: "s",
      message_id,
      run_id,
      seq: 6,
      model: "scripted-1",
      usage: { input_tokens: 3, output_tokens: 2 },
    });
    expect(world.store.rows.get(run_id)).toMatchObject({ state: "done", response: "Hello", seq: 6 });
    expect(turn.left).toBe(true);
    nothingLeft(world);
  });

  test("has frames above the `after` of its handle only, also when another run of the session comes first", async () => {
    const world = byHand();
    const first = await world.runs.start(ask("one"));
    const second = await world.runs.start(ask("two"));
    await quiet();
    world.agent.last.say("1");
    world.agent.last.done();
    await quiet();
    world.agent.last.done();
    await quiet();
    for (const frame of await said(world)) {
      const handle = frame.run_id === first.run_id ? first : second;
      expect(frame.seq).toBeGreaterThan(handle.after);
    }
  });

  test("ends exactly once, and is over for whoever sees its end", async () => {
    const world = byHand();
    const handle = await world.runs.start(ask("Hi"));
    await quiet();
    const seen: (RunHandle | null)[] = [];
    const cancelled: boolean[] = [];
    void handle.ended.then(() => seen.push(world.runs.handle(handle.run_id)));
    world.feed.subscribe(() => cancelled.push(world.runs.cancel(handle.run_id)));
    world.agent.last.done();
    world.agent.last.say("more");
    await quiet();
    expect(seen).toEqual([null]);
    expect(cancelled).toEqual([false]);
    expect((await said(world)).filter(isTerminal)).toHaveLength(1);
  });

  test("tells the feed when it begins and how it ended, with its times", async () => {
    const world = byHand();
    const first = await world.runs.start(ask("one"));
    const second = await world.runs.start(ask("two"));
    const rows: unknown[] = [];
    world.feed.subscribe(({ frame }) => rows.push(frame.data));
    await quiet();
    world.clock.advance(5_000);
    world.agent.last.done();
    await quiet();
    world.clock.advance(5_000);
    world.agent.last.done();
    await quiet();
    expect(rows).toMatchObject([
      {
        run_id: first.run_id,
        state: "done",
        started_at: "2026-11-22T12:00:00.000Z",
        ended_at: "2026-11-22T12:00:05.000Z",
      },
      { run_id: second.run_id, state: "running", started_at: "2026-11-22T12:00:05.000Z" },
      {
        run_id: second.run_id,
        state: "done",
        started_at: "2026-11-22T12:00:05.000Z",
        ended_at: "2026-11-22T12:00:10.000Z",
      },
    ]);
  });
});

describe("runs of one session", () => {
  test("are answered one after the other, in the order they came, although commits are slow", async () => {
    const world = new World();
    let open = () => {};
    world.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const starts = ["a", "b", "c", "d"].map((text) => world.runs.start(ask(text)));
    await quiet();
    expect(world.agent.turns).toHaveLength(0);
    open();
    const handles = await Promise.all(starts);
    await quiet();
    expect(world.agent.turns.map(({ turn }) => turn.text)).toEqual(["a", "b", "c", "d"]);
    const ends = (await said(world)).filter(isTerminal).map(({ run_id }) => run_id);
    expect(ends).toEqual(handles.map(({ run_id }) => run_id));
  });

  test("are refused when 33 are under way, and taken again when one has ended", async () => {
    const world = byHand();
    for (let i = 0; i < 33; i += 1) await world.runs.start(ask(`${i}`));
    await expect(world.runs.start(ask("late"))).rejects.toMatchObject({ code: "session_busy", retryAfter: 5 });
    await quiet();
    world.agent.last.done();
    await quiet();
    await expect(world.runs.start(ask("later"))).resolves.toMatchObject({ session_id: "s" });
  });

  test("do not hold up those of others", async () => {
    const world = byHand();
    await world.runs.start(ask("slow", "a"));
    const quick = await world.runs.start(ask("quick", "b"));
    await quiet();
    expect(world.agent.turns).toHaveLength(2);
    world.agent.last.done();
    expect((await endOf(quick))?.type).toBe("response");
    expect(world.runs.active).toBe(1);
  });
});

describe("cancelling", () => {
  test("a running run ends it as cancelled at once, although its agent ignores the signal", async () => {
    const world = byHand();
    const handle = await world.runs.start(ask("Hi"));
    await quiet();
    world.agent.last.say("Hel");
    expect(world.runs.cancel(handle.run_id)).toBe(true);
    expect(await endOf(handle)).toMatchObject({ type: "error", code: "cancelled", run_id: handle.run_id });
    world.agent.last.say("lo");
    world.agent.last.done();
    await quiet();
    expect((await said(world)).filter(isTerminal)).toHaveLength(1);
    expect(world.store.rows.get(handle.run_id)).toMatchObject({ state: "cancelled", response: null });
    expect(world.agent.last.left).toBe(true);
    nothingLeft(world);
  });

  test("a queued run ends it when its turn comes, without asking the agent", async () => {
    const world = byHand();
    await world.runs.start(ask("one"));
    const second = await world.runs.start(ask("two"));
    const third = await world.runs.start(ask("three"));
    await quiet();
    expect(world.runs.cancel(second.run_id)).toBe(true);
    world.agent.last.done();
    expect(await endOf(second)).toMatchObject({ type: "error", code: "cancelled" });
    expect(world.store.rows.get(second.run_id)).toMatchObject({ state: "cancelled", started_at: null });
    world.agent.last.done();
    await endOf(third);
    expect(world.agent.turns.map(({ turn }) => turn.text)).toEqual(["one", "three"]);
  });

  test("twice, or a run that is unknown, does nothing", async () => {
    const world = byHand();
    const handle = await world.runs.start(ask("Hi"));
    await quiet();
    world.runs.cancel(handle.run_id);
    world.runs.cancel(handle.run_id);
    await endOf(handle);
    expect((await said(world)).filter(isTerminal)).toHaveLength(1);
    expect(world.runs.cancel("unknown")).toBe(false);
  });

  test("a session ends all of its runs and no others, and resolves when that is on disk", async () => {
    const world = byHand();
    for (const text of ["one", "two", "three"]) await world.runs.start(ask(text));
    const other = await world.runs.start(ask("else", "t"));
    await quiet();
    await world.runs.cancelSession("s");
    const states = [...world.store.rows.values()].map(({ session_id, state }) => `${session_id} ${state}`);
    expect(states).toEqual(["s cancelled", "s cancelled", "s cancelled", "t running"]);
    expect(await endOf(other)).toBeUndefined();
  });

  test("a run that waits for a person answers its question with a no", async () => {
    const world = byHand();
    world.permissions.subscribe({ asked: () => undefined, settled: () => undefined });
    const handle = await world.runs.start(ask("Hi"));
    await quiet();
    const decision = world.agent.last.ask("write");
    await quiet();
    world.runs.cancel(handle.run_id);
    expect(await decision).toBe("deny");
    await quiet();
    nothingLeft(world);
  });
});

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

describe("stopping", () => {
  test("takes no new runs and lets those under way end", async () => {
    const world = byHand();
    const handle = await world.runs.start(ask("Hi"));
    await quiet();
    world.runs.stop();
    await expect(world.runs.start(ask("late"))).rejects.toMatchObject({ code: "shutting_down" });
    let idle = false;
    void world.runs.idle().then(() => {
      idle = true;
    });
    await quiet();
    expect(idle).toBe(false);
    world.agent.last.done();
    expect((await endOf(handle))?.type).toBe("response");
    await quiet();
    expect(idle).toBe(true);
  });

  test("abandons what does not end: nothing is said of it, and it is unfinished on disk", async () => {
    const world = byHand();
    const first = await world.runs.start(ask("one"));
    const second = await world.runs.start(ask("two"));
    await quiet();
    world.runs.stop();
    world.runs.abandon();
    await world.runs.idle();
    expect(await endOf(first)).toBeUndefined();
    expect(await endOf(second)).toBeUndefined();
    expect((await world.store.runs.unfinished()).map(({ input }) => input)).toEqual(["one", "two"]);
    expect(world.agent.turns).toHaveLength(1);
    expect(await said(world)).toEqual([]);
    nothingLeft(world);
  });

  test("abandons also a run whose answer the store does not take", async () => {
    const world = new World();
    world.store.fail("runs.finish", Number.POSITIVE_INFINITY);
    await world.runs.start(ask("one"));
    await quiet();
    world.runs.abandon();
    await world.runs.idle();
    nothingLeft(world);
  });
});

describe("after a crash", () => {
  test("unfinished runs begin again with a higher attempt and higher numbers, in their old order", async () => {
    const world = byHand();
    const first = await world.runs.start(ask("one"));
    await world.runs.start(ask("two"));
    await quiet();
    world.agent.last.say("half an ans");
    await quiet();
    const before = (await said(world)).at(-1)?.seq ?? 0;

    const next = world.restart(new ScriptedAgent());
    expect(await next.runs.recover()).toBe(2);
    await quiet();
    expect(next.agent.turns.map(({ turn }) => [turn.text, turn.attempt])).toEqual([
      ["one", 2],
      ["two", 2],
    ]);
    const frames = await said(next);
    expect(Math.min(...frames.map(({ seq = 0 }) => seq))).toBeGreaterThan(before);
    expect(frames.every((frame) => !("attempt" in frame) || frame.attempt === 2)).toBe(true);
    expect(next.store.rows.get(first.run_id)).toMatchObject({ state: "done", response: "You said: one" });
  });

  test("runs of events wait for the inbox, which claims their events again", async () => {
    const world = byHand();
    await world.runs.start({ ...ask("Hi"), origin: "event", event: eventOf("e1", "s") });
    await quiet();
    const next = world.restart();
    expect(await next.runs.recover()).toBe(0);
    expect(next.runs.active).toBe(0);
  });

  test("the attempt that was cut off cannot end the run any more", async () => {
    const world = byHand();
    const handle = await world.runs.start(ask("one"));
    await quiet();
    const next = world.restart(new ScriptedAgent(null));
    await next.runs.recover();
    await quiet();
    world.agent.last.say("late");
    world.agent.last.done();
    await quiet();
    expect(world.store.rows.get(handle.run_id)).toMatchObject({ state: "running", attempt: 2 });
    next.agent.last.say("new");
    next.agent.last.done();
    await quiet();
    expect(world.store.rows.get(handle.run_id)).toMatchObject({ state: "done", response: "new" });
  });

  test("a run that comes back while the gateway is stopping is left for the next start", async () => {
    const world = byHand();
    await world.runs.start(ask("one"));
    await quiet();
    const next = world.restart();
    next.runs.abandon();
    await next.runs.recover();
    await next.runs.idle();
    expect(next.agent.turns).toHaveLength(0);
    expect(await next.store.runs.unfinished()).toHaveLength(1);
  });
});

describe("a run of an event", () => {
  test("tells the event's state with its end: done, retrying or dead", async () => {
    const world = byHand();
    world.retryAt = world.clock.now() + 5_000;
    const states: unknown[] = [];
    world.feed.subscribe(({ frame }) => {
      if (frame.type === "event") states.push(frame.data);
    });
    const parts = [
      (turn: ScriptedAgent["last"]) => turn.done(),
      (turn: ScriptedAgent["last"]) => turn.fail(new AgentError("Busy.")),
      (turn: ScriptedAgent["last"]) => turn.fail(new AgentError("Bad key.", { permanent: true })),
    ];
    for (const [i, act] of parts.entries()) {
      await world.runs.start({ ...ask("Hi", `s${i}`), origin: "event", event: eventOf(`e${i}`, `s${i}`) });
      await quiet();
      act(world.agent.last);
      await quiet();
    }
    expect(states).toMatchObject([
      { event_id: "e0", state: "done" },
      { event_id: "e1", state: "retrying", error: "agent_failed: Busy." },
      { event_id: "e2", state: "dead", error: "agent_failed: Bad key." },
    ]);
    expect(world.store.settled.map(({ failure }) => failure.next_at)).toEqual([world.retryAt, null]);
  });
});

const action = fc.oneof(
  fc.record({ do: fc.constant("start" as const), session: fc.constantFrom("s", "t") }),
  fc.record({
    do: fc.constantFrom("say", "done", "fail", "stop", "cancel", "wait", "break_store" as const),
    nth: fc.nat(20),
  }),
);

test("whatever happens in whatever order, every run that was started ends exactly once and nothing is left", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      const world = byHand();
      const handles: RunHandle[] = [];
      for (const one of actions) {
        if (one.do === "start") {
          const started = await world.runs.start(ask("Hi", one.session)).catch(() => null);
          if (started) handles.push(started);
        } else {
          const turn = world.agent.turns.at(one.nth % Math.max(1, world.agent.turns.length));
          if (one.do === "say") turn?.say("a");
          if (one.do === "done") turn?.done();
          if (one.do === "fail") turn?.fail(new AgentError("no"));
          if (one.do === "stop") turn?.stop();
          if (one.do === "cancel" && handles.length > 0) world.runs.cancel(handles[one.nth % handles.length]!.run_id);
          if (one.do === "break_store") world.store.fail(["runs.finish", "runs.begin", "runs.create"][one.nth % 3]!);
          if (one.do === "wait") {
            await quiet();
            world.clock.advance(1_000);
          }
        }
      }
      for (let i = 0; i < handles.length + 3; i += 1) {
        for (const turn of world.agent.turns) turn.done();
        await quiet();
        world.clock.advance(1_000);
      }
      await world.runs.idle();
      const ends = [...(await said(world, "s")), ...(await said(world, "t"))].filter(isTerminal);
      expect(ends.map(({ run_id }) => run_id ?? "").sort()).toEqual(handles.map(({ run_id }) => run_id).sort());
      nothingLeft(world);
    }),
    { numRuns: 30 },
  );
});
