import { describe, expect, test } from "bun:test";
import { isTerminal } from "../../src/protocol/frames.ts";
import type { RunHandle, RunRequest } from "../../src/runs/runs.ts";
import { quiet } from "../support/agent.ts";
import { eventOf } from "../support/memory-runs.ts";
import type { World } from "../support/socket.ts";
import { ask, byHand, endOf, nothingLeft, said } from "./steps.ts";

function steering(text: string, session_id?: string): RunRequest {
  return { ...ask(text, session_id), steer: true };
}

/** One run that has said "Half an", and `waiting` ones behind it. */
async function busy(...waiting: string[]): Promise<{ world: World; first: RunHandle; rest: RunHandle[] }> {
  const world = byHand();
  const first = await world.runs.start(ask("first"));
  await quiet();
  world.agent.last.say("Half an");
  await quiet();
  const rest: RunHandle[] = [];
  for (const text of waiting) rest.push(await world.runs.start(ask(text)));
  return { world, first, rest };
}

function asked(world: World): readonly string[] {
  return world.agent.turns.map(({ turn }) => turn.text);
}

describe("a steering message", () => {
  test("stops the answer under way, which ends as cancelled, and is answered next", async () => {
    const { world, first } = await busy();
    const now = await world.runs.start(steering("now"));
    expect(await endOf(first)).toMatchObject({ type: "error", code: "cancelled", run_id: first.run_id });
    expect(asked(world)).toEqual(["first", "now"]);
    world.agent.last.say("Yes.");
    world.agent.last.done();
    expect(await endOf(now)).toMatchObject({ type: "response", content: "Yes." });
    nothingLeft(world);
  });

  test("that comes in the same moment as the first one stops that, too", async () => {
    const world = byHand();
    const [first, now] = await Promise.all([world.runs.start(ask("first")), world.runs.start(steering("now"))]);
    expect(await endOf(first)).toMatchObject({ type: "error", code: "cancelled" });
    await quiet();
    expect(asked(world).at(-1)).toBe("now");
    world.agent.last.done();
    expect(await endOf(now)).toMatchObject({ type: "response" });
    nothingLeft(world);
  });

  test("takes the place of others that were to steer and had not begun, in whatever rhythm they come", async () => {
    const { world, first, rest } = await busy("second");
    const hurried = await Promise.all(["a", "b", "c", "d"].map((text) => world.runs.start(steering(text))));
    const last = hurried.at(-1);
    if (!last) throw new Error("Nothing was started");
    for (const handle of [first, ...hurried.slice(0, -1)]) {
      expect(await endOf(handle)).toMatchObject({ type: "error", code: "cancelled" });
    }
    await quiet();
    expect(asked(world).at(-1)).toBe("d");
    world.agent.last.done();
    expect(await endOf(last)).toMatchObject({ type: "response" });
    await quiet();
    expect(asked(world).at(-1)).toBe("second");
    world.agent.last.done();
    for (const handle of rest) expect(await endOf(handle)).toMatchObject({ type: "response" });
    nothingLeft(world);
  });

  test("comes in although the session has as many messages waiting as it may", async () => {
    const { world, first } = await busy(...Array.from({ length: 32 }, (_, i) => `waiting ${i}`));
    const refused = await world.runs.start(ask("one more")).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "session_busy" });
    const now = await world.runs.start(steering("now"));
    expect(await endOf(first)).toMatchObject({ code: "cancelled" });
    await quiet();
    expect(asked(world).at(-1)).toBe("now");
    world.agent.last.done();
    expect(await endOf(now)).toMatchObject({ type: "response" });
    world.runs.abandon();
  });

  test("goes before what waits, which stays in its order behind it", async () => {
    const { world, rest } = await busy("second", "third");
    const now = await world.runs.start(steering("now"));
    await quiet();
    for (const handle of [now, ...rest]) {
      world.agent.last.done();
      expect(await endOf(handle)).toMatchObject({ type: "response", run_id: handle.run_id });
    }
    expect(asked(world)).toEqual(["first", "now", "second", "third"]);
    nothingLeft(world);
  });

  test("leaves what had been said in the stopped run's row, for the history", async () => {
    const { world, first } = await busy();
    await world.runs.start(steering("now"));
    await quiet();
    expect(world.store.rows.get(first.run_id)).toMatchObject({
      state: "cancelled",
      response: "Half an",
      error: { code: "cancelled" },
    });
  });

  test("keeps the numbers of the session rising: the stopped run's end comes before its own frames", async () => {
    const { world, first } = await busy();
    const now = await world.runs.start(steering("now"));
    await quiet();
    world.agent.last.say("Yes.");
    world.agent.last.done();
    await endOf(now);
    const frames = await said(world);
    expect(frames.map(({ type, run_id }) => [type, run_id])).toEqual([
      ["delta", first.run_id],
      ["error", first.run_id],
      ["delta", now.run_id],
      ["response", now.run_id],
    ]);
    const numbers = frames.map(({ seq = 0 }) => seq);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test("of two, the later one stops the earlier one", async () => {
    const { world } = await busy("waiting");
    const one = await world.runs.start(steering("one"));
    await quiet();
    const two = await world.runs.start(steering("two"));
    expect(await endOf(one)).toMatchObject({ type: "error", code: "cancelled" });
    expect(asked(world)).toEqual(["first", "one", "two"]);
    world.agent.last.done();
    expect(await endOf(two)).toMatchObject({ type: "response" });
  });

  test("does not stop the answer to an event, and is answered right after it", async () => {
    const world = byHand();
    const event = eventOf("e1", "s");
    const answer = await world.runs.start({ ...ask("prompt"), origin: "event", device_id: null, event });
    await quiet();
    await world.runs.start(ask("second"));
    await world.runs.start(steering("now"));
    await quiet();
    expect(world.agent.last.signal.aborted).toBe(false);
    world.agent.last.done();
    expect(await endOf(answer)).toMatchObject({ type: "response" });
    expect(asked(world)).toEqual(["prompt", "now"]);
  });

  test("leaves other sessions alone", async () => {
    const { world } = await busy();
    const other = await world.runs.start(steering("now", "t"));
    await quiet();
    expect(world.agent.turns[0]?.signal.aborted).toBe(false);
    world.agent.last.done();
    expect(await endOf(other)).toMatchObject({ type: "response" });
  });

  test("can be cancelled while it is answered; what waited goes on", async () => {
    const { world, rest } = await busy("second");
    const now = await world.runs.start(steering("now"));
    await quiet();
    expect(world.runs.cancel(now.run_id)).toBe(true);
    expect(await endOf(now)).toMatchObject({ type: "error", code: "cancelled", run_id: now.run_id });
    world.agent.last.done();
    expect(await endOf(rest[0]!)).toMatchObject({ type: "response" });
    expect((await said(world)).filter(isTerminal)).toHaveLength(3);
  });

  test("in a session where nothing runs is a message like any other", async () => {
    const world = byHand();
    const now = await world.runs.start(steering("now"));
    await quiet();
    expect(world.agent.last.signal.aborted).toBe(false);
    world.agent.last.done();
    expect(await endOf(now)).toMatchObject({ type: "response" });
    nothingLeft(world);
  });

  test("that cannot be stored stops nothing", async () => {
    const { world, first } = await busy();
    world.store.fail("runs.create");
    expect(world.runs.start(steering("now"))).rejects.toThrow("the disk is full");
    await quiet();
    world.agent.last.done();
    expect(await endOf(first)).toMatchObject({ type: "response", content: "Half an" });
  });
});
