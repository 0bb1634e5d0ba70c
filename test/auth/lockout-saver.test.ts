import { describe, expect, test } from "bun:test";
import { type LockoutId, LockoutSaver } from "../../src/auth/lockout-saver.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryLockoutStore, memoryLog } from "../support/memory-stores.ts";

function setup() {
  const clock = new ManualClock();
  const store = new MemoryLockoutStore();
  const { log, lines } = memoryLog(clock);
  const counts = new Map<string, number>();
  const saver = new LockoutSaver({
    clock,
    store,
    log,
    live: () => [...counts.keys()].map(id),
    row: ({ kind, client }) => ({ kind, client, failures: counts.get(client) ?? 0, since: 1, until: 0 }),
  });
  const count = (client: string, failures: number) => {
    counts.set(client, failures);
    saver.change(id(client));
  };
  const saved = () => [...store.rows.values()].map(({ client, failures }) => `${client} ${failures}`).sort();
  return { clock, store, lines, counts, saver, count, saved };
}

function id(client: string): LockoutId {
  return { kind: "code", client };
}

describe("LockoutSaver", () => {
  test("gathers the changes of a second into one write of what is true then", async () => {
    const { clock, store, saver, count, saved } = setup();
    for (let i = 1; i <= 50; i += 1) count("a", i);
    count("b", 1);
    clock.advance(999);
    expect(store.puts).toBe(0);
    count("a", 51);
    clock.advance(1);
    await saver.flush();
    expect([store.puts, saved()]).toEqual([1, ["a 51", "b 1"]]);
  });

  test("saves the rest when flushed, waits for a save under way, and leaves no timer", async () => {
    const { clock, store, saver, count, saved } = setup();
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    count("a", 1);
    clock.advance(1_000);
    count("b", 1);
    const flushed = saver.flush();
    gate.resolve();
    await flushed;
    expect([saved(), clock.timers]).toEqual([["a 1", "b 1"], 0]);
  });

  test("says once that it cannot save, tries again each second, and says when it can", async () => {
    const { clock, store, lines, saver, count, saved } = setup();
    store.failure = new StoreUnavailable("The disk is full");
    count("a", 1);
    for (let i = 0; i < 3; i += 1) {
      await saver.flush();
      clock.advance(1_000);
    }
    await saver.flush();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("The disk is full");
    store.failure = null;
    clock.advance(1_000);
    await saver.flush();
    expect(saved()).toEqual(["a 1"]);
    expect(lines[1]).toContain("saved again");
  });

  test("starts over with what is live, also when the first attempt fails", async () => {
    const { clock, store, saver, counts, count, saved } = setup();
    count("a", 1);
    await saver.flush();
    counts.clear();
    store.failure = new StoreUnavailable("The disk is full");
    await saver.startOver();
    expect(saved()).toEqual(["a 1"]);
    store.failure = null;
    clock.advance(1_000);
    await saver.flush();
    expect(saved()).toEqual([]);
  });

  test("clears rows away that mean nothing any more before they pile up", async () => {
    const { store, saver, counts, count } = setup();
    for (let i = 0; i < 5_000; i += 1) {
      count(`client ${i}`, 1);
      if (i % 100 !== 99) continue;
      await saver.flush();
      counts.clear();
    }
    await saver.flush();
    expect(store.rows.size).toBeLessThanOrEqual(1_200);
  });

  test("reads what an earlier process saved, and goes on without it when it cannot", async () => {
    const { store, lines, saver, count } = setup();
    count("a", 1);
    await saver.flush();
    expect((await saver.load()).map(({ client }) => client)).toEqual(["a"]);
    store.list = async () => {
      throw new StoreUnavailable("The database is locked");
    };
    expect(await saver.load()).toEqual([]);
    expect(lines.join("")).toContain("The database is locked");
  });
});
