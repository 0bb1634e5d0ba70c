import { describe, expect, test } from "bun:test";
import { Log } from "../../src/observe/log.ts";
import { Problem } from "../../src/protocol/problem.ts";
import { type DeliverParts, deliver } from "../../src/runs/deliver.ts";
import type { Terminal } from "../../src/runs/runs.ts";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { eventOf } from "../support/memory-runs.ts";
import { World } from "../support/socket.ts";

function partsOf(
  world: World,
  planOf: DeliverParts["planOf"] = async () => ({ text: "Hello", reach: "channel", device_id: null }),
) {
  const { runs, store, clock } = world;
  const log = new Log({ clock, write: () => undefined, format: "json", level: "error" });
  const retryAt = (_: unknown, now: number) => now + 5_000;
  return { runs, store, clock, log, planOf, onSettled: () => undefined, retryAt };
}

/** Where a delivery has come to. */
function follow(delivery: Promise<Terminal | null>) {
  const state: { frame: Terminal | null | undefined; error: unknown } = { frame: undefined, error: undefined };
  delivery.then(
    (frame) => (state.frame = frame),
    (error: unknown) => (state.error = error),
  );
  return state;
}

describe("deliver", () => {
  test("takes an event through one run and resolves with its end", async () => {
    const world = new World();
    const frame = await deliver(partsOf(world), eventOf("e1", "webhook:a"));
    expect(frame).toMatchObject({ type: "response", content: "You said: Hello" });
    const [run] = world.store.rows.values();
    expect(run).toMatchObject({
      event_id: "e1",
      session_id: "webhook:a",
      origin: "event",
      reach: "channel",
      state: "done",
    });
    expect(world.agent.last.turn.event?.event_id).toBe("e1");
  });

  test("goes on with the run that a crash cut off, one attempt later", async () => {
    const world = new World({ agent: new ScriptedAgent(null) });
    void deliver(partsOf(world), eventOf("e1", "webhook:a"));
    await quiet();
    const next = world.restart();
    const frame = await deliver(partsOf(next), eventOf("e1", "webhook:a", 2));
    expect(frame?.type).toBe("response");
    expect([...world.store.rows.values()]).toMatchObject([{ event_id: "e1", attempt: 2, state: "done" }]);
  });

  test("starts a new run when the earlier one had ended", async () => {
    const world = new World();
    await deliver(partsOf(world), eventOf("e1", "webhook:a"));
    await deliver(partsOf(world), eventOf("e1", "webhook:a", 2));
    expect(world.store.rows.size).toBe(2);
  });

  test("waits for a store that cannot write, since nobody else takes a claimed event", async () => {
    const world = new World();
    world.store.fail("runs.create", 3);
    const state = follow(deliver(partsOf(world), eventOf("e1", "webhook:a")));
    for (let i = 0; i < 3; i += 1) {
      await quiet();
      expect(state.frame).toBeUndefined();
      world.clock.advance(1_000);
    }
    await quiet();
    expect(state.frame).toMatchObject({ type: "response" });
    expect(world.store.rows.size).toBe(1);
  });

  test("settles an event that cannot be started, also when that cannot be written at first", async () => {
    const world = new World();
    world.store.fail("events.fail", 2);
    const parts = partsOf(world, () => {
      throw new TypeError("no prompt");
    });
    const state = follow(deliver(parts, eventOf("e1", "webhook:a", 3)));
    for (let i = 0; i < 2; i += 1) {
      await quiet();
      world.clock.advance(1_000);
    }
    await quiet();
    expect(state.frame).toBeNull();
    expect(world.store.settled).toMatchObject([
      { event_id: "e1", attempt: 3, failure: { error: "TypeError: no prompt" } },
    ]);
  });

  test("settles an event whose session has too much waiting as failed, to be tried again", async () => {
    const world = new World({ agent: new ScriptedAgent(null) });
    for (let i = 0; i < 33; i += 1) void deliver(partsOf(world), eventOf(`e${i}`, "webhook:a"));
    await quiet();
    expect(await deliver(partsOf(world), eventOf("late", "webhook:a"))).toBeNull();
    expect(world.store.settled[0]).toMatchObject({ event_id: "late", failure: { next_at: world.clock.now() + 5_000 } });
    expect(world.store.settled[0]?.failure.error).toStartWith("session_busy: ");
  });

  test("leaves an event alone when the gateway is stopping: the next start takes it", async () => {
    const world = new World();
    world.runs.stop();
    const state = follow(deliver(partsOf(world), eventOf("e1", "webhook:a")));
    await quiet();
    expect(state.error).toBeInstanceOf(Problem);
    expect(world.store.settled).toEqual([]);
  });
});
