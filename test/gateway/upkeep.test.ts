import { describe, expect, test } from "bun:test";
import { Upkeep } from "../../src/gateway/upkeep.ts";
import { Log } from "../../src/observe/log.ts";
import { type CounterRow, type StoredReminder, StoreUnavailable } from "../../src/store/store.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

/** When the gateway of a test starts. */
const BEFORE = new ManualClock().now();

const ROW: CounterRow = {
  at: 0,
  accepted: 0,
  refused: 0,
  runs: 0,
  failed: 0,
  depth: 0,
  sockets: 0,
  p50_ms: 0,
  p99_ms: 0,
};

function reminder(id: string, due_at: number): StoredReminder {
  return { reminder_id: id, session_id: "s", device_id: null, text: id, due_at, created_at: 0 };
}

function scene() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const done: string[] = [];
  const store = {
    fault: null as string | null, // set by tests
    pending: [] as StoredReminder[], // likewise
    failing: false,
    unindexed: 0,
    indexed: [] as number[],
  };
  const note = async (what: string) => {
    if (store.failing) throw new StoreUnavailable("disk full");
    done.push(what);
  };
  const given = Promise.withResolvers<void>();
  let slow = false;
  const upkeep = new Upkeep({
    retention: { run: () => note("retention"), stop: () => void done.push("retention stops") },
    silence: { check: () => void done.push("silence") },
    store: {
      get fault() {
        return store.fault;
      },
      probe: async () => {
        done.push("probe");
        return true;
      },
      counters: {
        put: () => note("put"),
        since: async () => [],
        purge: (before) => note(`purge ${clock.now() - before}`),
      },
      events: {
        index: async (limit) => {
          store.indexed.push(limit);
          const step = Math.min(limit, store.unindexed);
          store.unindexed -= step;
          return step;
        },
        rebase: async (now) => {
          await note("rebase events");
          return now < BEFORE ? 2 : 0;
        },
      },
      replies: {
        rebase: async () => {
          await note("rebase replies");
          return 0;
        },
      },
      reminders: {
        add: async () => undefined,
        remove: async () => true,
        pending: async (limit) => {
          if (store.failing) throw new StoreUnavailable("disk full");
          return store.pending.slice(0, limit);
        },
      },
    },
    idempotency: {
      purge: async () => {
        done.push("keys");
        return 0;
      },
    },
    minute: async () => ROW,
    remind: async ({ reminder_id }) => {
      done.push(`remind ${reminder_id}`);
      if (slow) await given.promise;
      store.pending = store.pending.filter((one) => one.reminder_id !== reminder_id);
    },
    clock,
    log: new Log({ clock, write: (text) => void lines.push(text), format: "json", level: "info" }),
  });
  upkeep.start();
  const pass = async (ms: number) => {
    clock.advance(ms);
    await quiet();
  };
  const beSlow = () => {
    slow = true;
  };
  /** What was done, without the look for a clock that was set back, which is done at once and every minute. */
  const tasks = () => done.filter((one) => !one.startsWith("rebase"));
  return { clock, store, done, tasks, lines, upkeep, pass, given, beSlow };
}

describe("Upkeep", () => {
  test("gives reminders in the second in which they are due, not before", async () => {
    const { clock, store, tasks, pass } = scene();
    store.pending = [
      reminder("a", clock.now() + 3_000),
      reminder("b", clock.now() + 3_000),
      reminder("c", clock.now() + 9_000),
    ];
    await pass(2_000);
    expect(tasks()).toEqual([]);
    await pass(1_000);
    expect(tasks()).toEqual(["remind a", "remind b"]);
    await pass(5_000);
    expect(tasks()).toEqual(["remind a", "remind b"]);
    await pass(1_000);
    expect(tasks().at(-1)).toBe("remind c");
  });

  test("never does a task a second time while the first is at it", async () => {
    const { clock, store, tasks, pass, given, beSlow } = scene();
    beSlow();
    store.pending = [reminder("a", clock.now())];
    for (let second = 0; second < 5; second += 1) await pass(1_000);
    expect(tasks()).toEqual(["remind a"]);
    given.resolve();
    await quiet();
    store.pending = [reminder("b", clock.now())];
    await pass(1_000);
    expect(tasks()).toEqual(["remind a", "remind b"]);
  });

  test("tries a broken store again every 5 s, and leaves a whole one alone", async () => {
    const { store, done, pass } = scene();
    await pass(20_000);
    expect(done).not.toContain("probe");
    store.fault = "disk full";
    await pass(5_000);
    store.fault = null;
    await pass(15_000);
    expect(done.filter((one) => one === "probe")).toHaveLength(1);
  });

  test("keeps a row a minute, and every hour forgets old keys and rows older than 7 days", async () => {
    const { done, pass } = scene();
    for (let minute = 0; minute < 60; minute += 1) await pass(60_000);
    expect(done.filter((one) => one === "put")).toHaveLength(60);
    expect(done.filter((one) => one === "keys")).toHaveLength(1);
    expect(done.filter((one) => one.startsWith("purge"))).toEqual([`purge ${7 * 86_400_000}`]);
  });

  test("survives a store that is down, says so, and goes on when it is back", async () => {
    const { clock, store, done, lines, pass } = scene();
    await quiet();
    done.length = 0;
    store.failing = true;
    store.pending = [reminder("a", clock.now())];
    await pass(60_000);
    expect(done.filter((one) => one !== "probe" && one !== "silence")).toEqual([]);
    expect(lines.join("")).toContain("Cannot give reminders");
    expect(lines.join("")).toContain("Cannot keep the minute's counters");
    store.failing = false;
    await pass(1_000);
    expect(done).toContain("remind a");
  });

  test("makes events searchable in steps, at most 500 a second", async () => {
    const { store, pass } = scene();
    store.unindexed = 620;
    await pass(1_000);
    expect([store.unindexed, store.indexed.length]).toEqual([120, 10]);
    await pass(1_000);
    expect([store.unindexed, store.indexed.length]).toEqual([0, 13]);
  });

  test("leaves no timer behind when it is stopped", async () => {
    const { clock, upkeep, done, pass } = scene();
    upkeep.stop();
    expect(clock.timers).toBe(0);
    await pass(3_600_000);
    expect(done.filter((one) => !one.startsWith("rebase"))).toEqual(["retention stops"]);
  });

  test("looks for a clock that was set back at once and every minute, and says when it was", async () => {
    const { clock, done, lines, pass } = scene();
    await quiet();
    expect(done).toEqual(["rebase events", "rebase replies"]);
    await pass(59_999);
    expect(done.filter((one) => one.startsWith("rebase"))).toHaveLength(2);
    expect(lines).toEqual([]);
    clock.setWallTime(BEFORE - 7_200_000);
    await pass(1);
    expect(done.filter((one) => one.startsWith("rebase"))).toHaveLength(4);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("The clock was set back");
    expect(JSON.parse(lines[0]!)).toMatchObject({ events: 2, replies: 0 });
  });
});
