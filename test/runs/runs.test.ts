import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { AgentError } from "../../src/agent/agent.ts";
import { isTerminal } from "../../src/protocol/frames.ts";
import type { RunHandle } from "../../src/runs/runs.ts";
import { quiet, type ScriptedAgent } from "../support/agent.ts";
import { eventOf } from "../support/memory-runs.ts";
import { World } from "../support/socket.ts";
import { ask, byHand, endOf, nothingLeft, said } from "./steps.ts";

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
