import { describe, expect, test } from "bun:test";
import { type CounterRow, StoreUnavailable } from "../../src/store/store.ts";
import { NOW, sampleEvent, type Use } from "./store-samples.ts";

/** What the operator remembers, what charts show, and the store as a whole. */
export function memorySuite(use: Use): void {
  describe("notes", () => {
    test(
      "are listed latest first, of one device or of all, and are removed with their search entry",
      use(async ({ store }) => {
        for (const [i, device_id] of ["a", "b", null, "a"].entries()) {
          await store.notes.add({ note_id: `n${i}`, device_id, text: `walnut ${i}`, created_at: NOW + i });
        }
        const ids = async (filter: { device_id?: string; limit: number }) =>
          (await store.notes.list(filter)).map(({ note_id }) => note_id);
        expect(await ids({ limit: 3 })).toEqual(["n3", "n2", "n1"]);
        expect(await ids({ limit: 10, device_id: "a" })).toEqual(["n3", "n0"]);
        expect(await store.notes.remove("n3")).toBe(true);
        expect(await store.notes.remove("n3")).toBe(false);
        expect(await ids({ limit: 10, device_id: "a" })).toEqual(["n0"]);
        expect(await store.search.find("walnut", { device_id: "a" }, 5)).toHaveLength(1);
        await expect(
          store.notes.add({ note_id: "n0", device_id: "b", text: "taken", created_at: NOW }),
        ).rejects.toThrow('Cannot add note "n0"');
        expect(await store.search.find("taken", {}, 5)).toEqual([]);
      }),
    );
  });

  describe("reminders", () => {
    test(
      "are pending soonest first until they are removed, also after a crash",
      use(async ({ store, reopen }) => {
        const reminder = (reminder_id: string, due_at: number) => ({
          reminder_id,
          session_id: "chat",
          device_id: "device-a",
          text: "tea ☕",
          due_at,
          created_at: NOW,
        });
        await store.reminders.add(reminder("late", NOW + 900));
        await store.reminders.add(reminder("soon", NOW + 100));
        await store.reminders.add(reminder("also soon", NOW + 100));
        await expect(store.reminders.add(reminder("soon", NOW))).rejects.toThrow('Cannot add reminder "soon"');
        const again = await reopen();
        expect((await again.reminders.pending(2)).map(({ reminder_id }) => reminder_id)).toEqual(["soon", "also soon"]);
        expect(await again.reminders.remove("soon")).toBe(true);
        expect(await again.reminders.remove("soon")).toBe(false);
        expect(await again.reminders.pending(5)).toEqual([
          reminder("also soon", NOW + 100),
          reminder("late", NOW + 900),
        ]);
      }),
    );
  });

  describe("counters", () => {
    test(
      "are read oldest first, replaced by minute and purged by age",
      use(async ({ store }) => {
        const row = (minute: number, accepted: number): CounterRow => ({
          at: NOW + minute * 60_000,
          accepted,
          refused: 1,
          runs: 2,
          failed: 3,
          depth: 4,
          sockets: 5,
          p50_ms: 1.25,
          p99_ms: 250,
        });
        for (const minute of [2, 0, 1]) await store.counters.put(row(minute, minute));
        await store.counters.put(row(1, 100));
        expect(await store.counters.since(NOW)).toEqual([row(0, 0), row(1, 100), row(2, 2)]);
        expect(await store.counters.since(NOW + 60_001)).toEqual([row(2, 2)]);
        await store.counters.purge(NOW + 120_000);
        expect(await store.counters.since(0)).toEqual([row(2, 2)]);
      }),
    );

    test(
      "of more than a week are purged whole",
      use(async ({ store }) => {
        const zero = { accepted: 0, refused: 0, runs: 0, failed: 0, depth: 0, sockets: 0, p50_ms: 0, p99_ms: 0 };
        await Promise.all(Array.from({ length: 1_100 }, (_, at) => store.counters.put({ at, ...zero })));
        await store.counters.purge(1_099);
        expect((await store.counters.since(0)).map(({ at }) => at)).toEqual([1_099]);
      }),
    );
  });

  describe("the store", () => {
    test(
      "has no fault and takes a probe while writes succeed",
      use(async ({ store }) => {
        expect(store.fault).toBeNull();
        expect(await store.probe()).toBe(true);
      }),
    );

    test(
      "writes what was asked of it before it was closed, and refuses what comes after",
      use(async ({ store, reopen }) => {
        const event = sampleEvent();
        const accepted = store.events.accept(event);
        const closed = store.close();
        expect(await accepted).toEqual({ event_id: event.event_id, duplicate: false });
        await closed;
        await store.close();
        await expect(store.events.accept(sampleEvent())).rejects.toBeInstanceOf(StoreUnavailable);
        await expect(store.events.get(event.event_id)).rejects.toBeInstanceOf(StoreUnavailable);
        expect(await (await reopen()).events.get(event.event_id)).not.toBeNull();
      }),
    );
  });
}
