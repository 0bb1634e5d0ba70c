import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import {
  answer,
  NOW,
  replyTo,
  sampleEvent,
  sampleOutcome,
  sampleReply,
  sampleRun,
} from "../../conformance/store-samples.ts";
import { ManualClock } from "../../support/clock.ts";
import { inFolder } from "./scratch.ts";

describe("the SQLite store", () => {
  test(
    "shares one commit among the accepts of one turn",
    inFolder(async (folder) => {
      const store = await openSqliteStore({ path: join(folder, "state.db"), clock: new ManualClock() });
      await Promise.all(Array.from({ length: 64 }, () => store.events.accept(sampleEvent())));
      expect(store.commits).toBe(1);
      expect(store.waiting).toBe(0);
      await store.close();
    }),
  );

  test(
    "tells its fault while it cannot write, and recovers by a probe",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const store = await openSqliteStore({ path, clock: new ManualClock() });
      const other = new Database(path);
      other.run("BEGIN IMMEDIATE");
      await expect(store.events.accept(sampleEvent())).rejects.toMatchObject({ name: "StoreUnavailable" });
      expect(store.fault).toStartWith("Cannot write to the store: database is locked");
      expect(await store.probe()).toBe(false);
      expect(await store.events.counts()).toMatchObject({ received: 0 }); // reading goes on
      other.run("ROLLBACK");
      other.close();
      expect(await store.probe()).toBe(true);
      expect(store.fault).toBeNull();
      await store.close();
    }),
  );

  test(
    "writes nothing to answer a probe while it has no fault",
    inFolder(async (folder) => {
      const store = await openSqliteStore({ path: join(folder, "state.db"), clock: new ManualClock() });
      expect(await store.probe()).toBe(true);
      expect(store.commits).toBe(0);
      await store.close();
    }),
  );

  test(
    "keeps no searchable copy of what was removed",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const store = await openSqliteStore({ path, clock: new ManualClock() });
      await answer(store, sampleRun());
      await store.notes.add({ note_id: "n", device_id: null, text: "secret", created_at: NOW });
      await store.sessions.remove("chat");
      await store.notes.remove("n");
      await store.close();
      const db = new Database(path);
      expect(db.query("SELECT * FROM run_search").all()).toEqual([]);
      expect(db.query("SELECT * FROM note_search").all()).toEqual([]);
      db.close();
    }),
  );

  test(
    "keeps nothing of an event that was purged, and only its row and log while its bytes were",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const store = await openSqliteStore({ path, clock: new ManualClock() });
      const { reply_id } = await replyTo(store);
      await store.replies.claim(1, NOW, "github");
      await store.replies.settle(reply_id, 1, { at: NOW, state: "sent", detail: "ok" });
      const db = new Database(path);
      const filled = () =>
        ["events", "event_attempts", "event_bodies", "event_search", "replies"].filter(
          (table) => db.query(`SELECT 1 FROM ${table}`).get() !== null,
        );
      await store.events.purgeBodies({ before: NOW + 9_000 }, 9);
      expect(filled()).toEqual(["events", "event_attempts", "replies"]);
      expect(db.query("SELECT content FROM replies").all()).toEqual([{ content: null }]); // the run has the answer
      await store.events.purge({ before: NOW + 9_000 }, 9);
      expect(filled()).toEqual([]);
      db.close();
      await store.close();
    }),
  );

  test(
    "has all or nothing of a run's end, its event's state and the answer's way back",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const store = await openSqliteStore({ path, clock: new ManualClock() });
      const event = sampleEvent();
      await store.events.accept(event);
      await store.events.claim(1, NOW);
      const run = sampleRun({ event_id: event.event_id });
      await store.runs.create(run);
      const outcome = sampleOutcome({ event_failure: null, reply: sampleReply() });
      const other = new Database(path);
      other.run("CREATE TRIGGER full AFTER INSERT ON replies BEGIN SELECT RAISE(ABORT, 'no room'); END");
      await expect(store.runs.finish(run.run_id, 1, outcome)).rejects.toThrow("no room");
      expect(await store.replies.counts()).toMatchObject({ pending: 0 });
      expect((await store.runs.get(run.run_id))?.state).toBe("running");
      expect((await store.events.get(event.event_id))?.state).toBe("running");
      other.run("DROP TRIGGER full");
      other.close();
      expect(await store.runs.finish(run.run_id, 1, outcome)).toBe(true);
      expect(await store.replies.counts()).toMatchObject({ pending: 1 });
      await store.close();
    }),
  );

  test(
    "removes the write-ahead log when it is closed",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const store = await openSqliteStore({ path, clock: new ManualClock() });
      await store.events.accept(sampleEvent());
      expect(await Bun.file(`${path}-wal`).exists()).toBe(true);
      await store.close();
      expect(await Bun.file(`${path}-wal`).exists()).toBe(false);
    }),
  );
});
