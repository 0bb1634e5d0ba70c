import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openSqliteStore, type SqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { acceptAll, claimedIds, finishEvent, NOW } from "../../conformance/store-samples.ts";
import { ManualClock } from "../../support/clock.ts";
import { inFolder } from "./scratch.ts";

/** `places()`: what stands among the events that a worker may take, as "session due_at". */
const onStore = (body: (store: SqliteStore, places: () => string[]) => Promise<void>) =>
  inFolder(async (folder) => {
    const path = join(folder, "state.db");
    const store = await openSqliteStore({ path, clock: new ManualClock() });
    const reader = new Database(path, { readonly: true });
    const query = reader.query<{ session_id: string; due_at: number }, []>(
      "SELECT session_id, due_at FROM events WHERE due_at IS NOT NULL ORDER BY session_id, due_at",
    );
    await body(store, () => query.all().map(({ session_id, due_at }) => `${session_id} ${due_at}`));
    reader.close();
    await store.close();
  });

describe("among the events that may be taken", () => {
  test(
    "a session has one place, however many of its events wait",
    onStore(async (store, places) => {
      await acceptAll(store, ["a", "a", "b", "a", "b"]);
      expect(places()).toEqual(["a 0", "b 0"]);
      await store.events.claim(1, NOW);
      expect(places()).toEqual(["a 0", "b 0"]); // the next one of `a`
      await store.events.claim(1, NOW);
      expect(places()).toEqual(["a 0", "b 0"]);
      await store.events.claim(5, NOW);
      expect(places()).toEqual(["a 0", "b 0"]); // both run, and the next ones wait
    }),
  );

  test(
    "the next event of a session stands behind the hold of one that is to be tried again, and in front once that one is taken",
    onStore(async (store, places) => {
      const [first] = await acceptAll(store, ["a", "a"]);
      await store.events.claim(1, NOW);
      await store.events.fail(first!, 1, { at: NOW, error: "x", next_at: NOW + 5_000 });
      expect(places()).toEqual([`a ${NOW + 5_000}`, `a ${NOW + 60_000}`]);
      await store.events.claim(1, NOW + 5_000);
      expect(places()).toEqual(["a 0"]);
    }),
  );

  test(
    "a session has one place, however many of its events were replayed, and the first of them has it",
    onStore(async (store, places) => {
      const ids = await acceptAll(store, ["a", "a", "a"]);
      for (const id of ids) {
        await store.events.claim(1, NOW);
        await store.events.fail(id, 1, { at: NOW, error: "x", next_at: null });
      }
      const [waiting] = await acceptAll(store, ["a"]);
      for (const id of [ids[1]!, ids[2]!, ids[0]!]) {
        await store.events.replay(id, NOW, "x");
        expect(places()).toEqual(["a 0"]);
      }
      for (const id of [...ids, waiting!]) {
        expect(await claimedIds(store, 5)).toEqual([id]);
        await finishEvent(store, id);
      }
      expect(places()).toEqual([]);
    }),
  );

  test(
    "every session that has something to do has a place, whatever happened to its events",
    onStore(async (store, places) => {
      const next = randomFrom(7);
      let now = NOW;
      const ids = await acceptAll(
        store,
        Array.from({ length: 8 }, (_, i) => `s${i % 2}`),
      );
      for (let step = 0; step < 400; step += 1) {
        now += next(20_000);
        const id = ids[next(ids.length)]!;
        const event = (await store.events.get(id))!;
        const action = next(5);
        if (action === 0) await store.events.claim(1 + next(2), now);
        if (action === 1) await store.events.replay(id, now, "x");
        if (action === 2) await store.events.complete(id, event.attempts, now, "");
        if (action > 2) {
          const next_at = action === 3 ? now + next(90_000) : null;
          await store.events.fail(id, event.attempts, { at: now, error: "x", next_at });
        }
        const { items } = await store.events.list({ limit: 100 });
        for (const session of ["s0", "s1"]) {
          const of = items.filter(({ session_id }) => session_id === session);
          expect(of.filter(({ state }) => state === "running").length).toBeLessThanOrEqual(1);
          const waits = of.filter(({ state }) => state === "received").length > 0;
          const retries = of.filter(({ state }) => state === "retrying").length;
          expect(places().filter((place) => place.startsWith(session))).toHaveLength((waits ? 1 : 0) + retries);
        }
      }
    }),
  );
});

/** Whole numbers below a bound that look random and are the same in every run (a linear congruential generator). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
