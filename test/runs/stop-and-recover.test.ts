import { describe, expect, test } from "bun:test";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { eventOf } from "../support/memory-runs.ts";
import { World } from "../support/socket.ts";
import { ask, byHand, endOf, nothingLeft, said } from "./steps.ts";

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
