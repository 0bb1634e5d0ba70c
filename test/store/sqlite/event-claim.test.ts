import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openSqliteStore, type SqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { acceptAll, NOW } from "../../conformance/store-samples.ts";
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
});
