import { describe, expect, test } from "bun:test";
import { InboxWorker } from "../../src/inbox/worker.ts";
import { Log } from "../../src/observe/log.ts";
import type { EventWithBody } from "../../src/protocol/event.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";
import { eventOf } from "../support/memory-runs.ts";

/** A worker over a list of events that are due; deliveries end when told. */
function open(maxConcurrent = 2) {
  const clock = new ManualClock();
  const due: EventWithBody[] = [];
  const claims: number[] = [];
  const delivered: string[] = [];
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const lines: string[] = [];
  const state = { failures: 0, gate: Promise.resolve(), busy: false };
  const worker = new InboxWorker({
    events: {
      claim: async (limit) => {
        claims.push(limit);
        await state.gate;
        if (state.failures > 0) {
          state.failures -= 1;
          throw new StoreUnavailable("locked");
        }
        return due.splice(0, limit);
      },
    },
    deliver: ({ event_id }) => {
      delivered.push(event_id);
      return new Promise((resolve, reject) => ends.set(event_id, { resolve, reject }));
    },
    maxConcurrent,
    busy: () => state.busy,
    clock,
    log: new Log({ clock, write: (line) => lines.push(line), format: "json", level: "error" }),
  });
  const add = (...ids: string[]) => due.push(...ids.map((id) => eventOf(id, id)));
  const end = async (id: string, error?: Error) => {
    if (error) ends.get(id)?.reject(error);
    else ends.get(id)?.resolve();
    await quiet();
  };
  return { worker, clock, add, end, delivered, claims, lines, state };
}

describe("InboxWorker", () => {
  test("delivers what is due when it starts, no more at once than it may", async () => {
    const { worker, add, end, delivered } = open(2);
    add("a", "b", "c", "d");
    worker.start();
    await quiet();
    expect(delivered).toEqual(["a", "b"]);
    expect(worker.running).toBe(2);
    await end("b");
    expect(delivered).toEqual(["a", "b", "c"]);
    await end("a");
    await end("c");
    await end("d");
    expect(delivered).toEqual(["a", "b", "c", "d"]);
    expect(worker.running).toBe(0);
  });

  test("takes an event as soon as it is kicked, without waiting for its timer", async () => {
    const { worker, add, delivered } = open();
    worker.start();
    await quiet();
    add("a");
    worker.kick();
    await quiet();
    expect(delivered).toEqual(["a"]);
  });

  test("looks by itself every second, since retrying events come due in silence", async () => {
    const { worker, clock, add, delivered } = open();
    worker.start();
    await quiet();
    add("a");
    clock.advance(999);
    await quiet();
    expect(delivered).toEqual([]);
    clock.advance(1);
    await quiet();
    expect(delivered).toEqual(["a"]);
  });

  test("loses no kick that comes while it claims", async () => {
    const { worker, add, delivered, state } = open();
    let go = () => {};
    state.gate = new Promise((resolve) => {
      go = resolve;
    });
    worker.start();
    await quiet();
    for (let i = 0; i < 5; i += 1) worker.kick();
    go();
    state.gate = Promise.resolve();
    await Promise.resolve();
    add("a");
    await quiet();
    expect(delivered).toEqual(["a"]);
  });

  test("asks the store once for a burst of kicks, and not at all while it is full", async () => {
    const { worker, add, claims } = open(2);
    add("a", "b", "c");
    for (let i = 0; i < 100; i += 1) worker.kick();
    await quiet();
    expect(claims.length).toBeLessThanOrEqual(2);
    const asked = claims.length;
    for (let i = 0; i < 100; i += 1) worker.kick();
    await quiet();
    expect(claims.length).toBe(asked);
  });

  test("goes on after the store could not be asked", async () => {
    const { worker, clock, add, delivered, state, lines } = open();
    state.failures = 1;
    add("a");
    worker.start();
    await quiet();
    expect(delivered).toEqual([]);
    expect(lines[0]).toContain("Cannot claim events");
    clock.advance(1_000);
    await quiet();
    expect(delivered).toEqual(["a"]);
  });

  test("goes on after a delivery that failed or threw, and says which", async () => {
    const { worker, add, end, delivered, lines } = open(1);
    add("a", "b");
    worker.start();
    await quiet();
    await end("a", new Error("broken"));
    expect(lines[0]).toContain('"event_id":"a"');
    expect(delivered).toEqual(["a", "b"]);
  });

  test("gives way for 25 ms while much comes in, and then takes its next events all the same", async () => {
    const { worker, clock, add, delivered, state } = open();
    state.busy = true;
    add("a");
    worker.kick();
    clock.advance(24);
    await quiet();
    expect(delivered).toEqual([]);
    clock.advance(1);
    await quiet();
    expect(delivered).toEqual(["a"]);
  });

  test("claims nothing more when it was stopped while it gave way", async () => {
    const { worker, clock, add, delivered, claims, state } = open();
    state.busy = true;
    add("a");
    worker.kick();
    worker.stop();
    clock.advance(25);
    await worker.idle();
    expect([delivered, claims]).toEqual([[], []]);
  });

  test("claims nothing after `stop`, and is idle when the last delivery has ended", async () => {
    const { worker, clock, add, end, delivered } = open();
    add("a");
    worker.start();
    await quiet();
    worker.stop();
    add("b");
    worker.kick();
    clock.advance(10_000);
    let idle = false;
    void worker.idle().then(() => {
      idle = true;
    });
    await quiet();
    expect(idle).toBe(false);
    await end("a");
    expect(idle).toBe(true);
    expect(delivered).toEqual(["a"]);
    expect(clock.timers).toBe(0);
  });

  test("is not idle while a claim is on its way that was begun before `stop`", async () => {
    const { worker, add, end, delivered, state } = open();
    let go = () => {};
    state.gate = new Promise((resolve) => {
      go = resolve;
    });
    add("a");
    worker.start();
    worker.stop();
    let idle = false;
    void worker.idle().then(() => {
      idle = true;
    });
    go();
    await quiet();
    expect([delivered, idle]).toEqual([["a"], false]);
    await end("a");
    expect(idle).toBe(true);
  });
});
