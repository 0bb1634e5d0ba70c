import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import type { Store } from "../../src/store/store.ts";
import { Door, type DoorClient, storeWith } from "../support/services.ts";
import { copyOf } from "./started.ts";

async function answersOf(owner: DoorClient, session_id: string): Promise<readonly unknown[]> {
  const { status, json } = await owner.get(`/api/sessions/${session_id}`);
  const messages = status === 200 && Array.isArray(json["messages"]) ? json["messages"] : [];
  return messages.filter(({ role }) => role === "assistant").map(({ content }) => content);
}

async function remindIn(owner: DoorClient, session_id: string): Promise<void> {
  const asked = await owner.post("/api/message", { message: "/remind in 10m water the plants", session_id });
  expect([asked.status, asked.text]).toEqual([200, expect.stringContaining("I will remind you in 10m")]);
}

describe("a reminder", () => {
  test("is said in its session when it is due, once", async () => {
    await using door = await Door.open({ agent: null });
    const owner = await door.paired();
    await remindIn(owner, "garden");
    door.clock.advance(9 * 60_000);
    await door.settle();
    expect(await answersOf(owner, "garden")).toHaveLength(1);
    await door.until("it is said", async () => (await answersOf(owner, "garden")).length === 2, 1_000);
    for (let second = 0; second < 10; second += 1) {
      door.clock.advance(1_000);
      await door.settle();
    }
    expect((await answersOf(owner, "garden")).slice(1)).toEqual(["Reminder: water the plants"]);
    expect(await door.store.reminders.pending(9)).toEqual([]);
  });

  test("that a crash cut off between its message and its removal is not said again", async () => {
    let hang = false;
    const never = () => new Promise<boolean>(() => undefined);
    const wrapped = (store: Store) =>
      storeWith(store, (name) =>
        name === "reminders" && hang
          ? { pending: (limit: number) => store.reminders.pending(limit), remove: never }
          : undefined,
      );
    const door = await Door.open({ agent: null, store: wrapped });
    await using _ = door;
    const owner = await door.paired();
    await remindIn(owner, "garden");
    hang = true;
    await door.until("it is said", async () => (await answersOf(owner, "garden")).length === 2, 5_000);
    expect(await door.store.reminders.pending(9)).toHaveLength(1);
    const copy = await copyOf(door.dir);
    try {
      await using next = await Door.open({ dir: copy, agent: null, clock: door.clock });
      const client = next.client(owner.token);
      const gone = async () => (await next.store.reminders.pending(9)).length === 0;
      await next.until("it is forgotten", gone, 1_000);
      for (let second = 0; second < 5; second += 1) {
        next.clock.advance(1_000);
        await next.settle();
      }
      expect(await answersOf(client, "garden")).toHaveLength(2);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });

  test("that came due while the gateway was down is said at the next start", async () => {
    const door = await Door.open({ agent: null });
    await using _ = door;
    const owner = await door.paired();
    await remindIn(owner, "garden");
    await door.stop();
    door.clock.setWallTime(door.clock.now() + 3 * 3_600_000);
    await using next = await Door.open({ dir: door.dir, agent: null, clock: door.clock });
    await next.until("it is said", async () => (await answersOf(next.client(owner.token), "garden")).length === 2, 500);
  });

  test("waits while its session is busy, and others are not kept waiting by it", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const due_at = door.clock.now() + 1_000;
    const common = { device_id: owner.device_id, due_at, created_at: door.clock.now() };
    door.agent.script = null;
    const queue = Array.from({ length: 33 }, () => owner.post("/api/message", { message: "x", session_id: "busy" }));
    await door.until("the first runs", () => door.agent.turns.length === 1, 0);
    await door.store.reminders.add({ reminder_id: "a", session_id: "busy", text: "first", ...common });
    await door.store.reminders.add({ reminder_id: "b", session_id: "free", text: "second", ...common });
    door.clock.advance(1_000);
    await door.until("the free one runs", () => door.agent.turns.length === 2, 0);
    expect(door.agent.last.turn).toMatchObject({
      session_id: "free",
      origin: "reminder",
      reach: "channel",
      text: "second",
    });
    expect((await door.store.reminders.pending(9)).map(({ reminder_id }) => reminder_id)).toEqual(["a"]);
    door.agent.script = (turn) => turn.done();
    for (const turn of door.agent.turns) turn.done();
    await Promise.all(queue);
    await door.until("the busy one is given", async () => (await door.store.reminders.pending(9)).length === 0, 1_000);
  });
});
