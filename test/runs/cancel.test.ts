import { describe, expect, test } from "bun:test";
import { isTerminal } from "../../src/protocol/frames.ts";
import { quiet } from "../support/agent.ts";
import { ask, byHand, endOf, nothingLeft, said } from "./steps.ts";

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
