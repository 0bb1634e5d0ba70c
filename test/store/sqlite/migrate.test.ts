import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Connection, openDatabase } from "../../../src/store/sqlite/database.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";
import { MIGRATIONS, type Migration } from "../../../src/store/sqlite/migrations.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { StoreUnavailable } from "../../../src/store/store.ts";
import { sampleEvent } from "../../conformance/store-samples.ts";
import { ManualClock } from "../../support/clock.ts";
import { inFolder } from "./scratch.ts";

const FIRST: Migration = { version: 1, name: "0001_first", sql: "CREATE TABLE a (n INTEGER) STRICT;" };
const SECOND: Migration = {
  version: 2,
  name: "0002_second",
  sql: "CREATE TABLE b (n INTEGER) STRICT; INSERT INTO b VALUES (1);",
};

const onDatabase = (body: (db: Connection, path: string) => void | Promise<void>) =>
  inFolder(async (folder) => {
    const path = join(folder, "m.db");
    const db = openDatabase(path);
    try {
      await body(db, path);
    } finally {
      db.close();
    }
  });

describe("migrate", () => {
  test(
    "applies each step once, in order, and records it with its checksum",
    onDatabase((db) => {
      migrate(db, 1_000, [FIRST]);
      migrate(db, 2_000, [FIRST, SECOND]);
      migrate(db, 3_000, [FIRST, SECOND]);
      expect(db.all("SELECT version, name, applied_at FROM migrations")).toEqual([
        { version: 1, name: "0001_first", applied_at: 1_000 },
        { version: 2, name: "0002_second", applied_at: 2_000 },
      ]);
      expect(db.all("SELECT * FROM b")).toHaveLength(1);
      expect(db.get<{ checksum: string }>("SELECT checksum FROM migrations")?.checksum).toMatch(/^[0-9a-f]{64}$/);
    }),
  );

  test(
    "leaves nothing of a step that fails, and goes on from there",
    onDatabase((db) => {
      const broken: Migration = {
        ...SECOND,
        sql: "CREATE TABLE b (n INTEGER) STRICT; INSERT INTO nowhere VALUES (1);",
      };
      expect(() => migrate(db, 1, [FIRST, broken])).toThrow("no such table: nowhere");
      expect(db.inTransaction).toBe(false);
      expect(db.all("SELECT version FROM migrations")).toEqual([{ version: 1 }]);
      migrate(db, 2, [FIRST, SECOND]);
      expect(db.all("SELECT * FROM b")).toHaveLength(1);
    }),
  );

  test(
    "refuses a database of a newer version, naming both",
    onDatabase((db) => {
      migrate(db, 1, [FIRST, SECOND]);
      expect(() => migrate(db, 2, [FIRST])).toThrow(StoreUnavailable);
      expect(() => migrate(db, 2, [FIRST])).toThrow('schema 2 "0002_second"; this one knows up to 1');
    }),
  );

  test(
    "refuses a database that was made by other instructions",
    onDatabase((db) => {
      migrate(db, 1, [FIRST]);
      const edited: Migration = { ...FIRST, sql: `${FIRST.sql} -- edited` };
      expect(() => migrate(db, 2, [edited, SECOND])).toThrow(
        'its schema 1 "0001_first" was made by other instructions',
      );
      expect(db.all("SELECT version FROM migrations")).toHaveLength(1);
    }),
  );

  test(
    "refuses another program's database, and changes nothing in it",
    onDatabase((db) => {
      db.script("CREATE TABLE moz_places (id INTEGER)");
      expect(() => migrate(db, 1)).toThrow('it has a table "moz_places"');
      expect(db.all("SELECT name FROM sqlite_schema")).toEqual([{ name: "moz_places" }]);
    }),
  );

  test(
    "waits for another process that is migrating, and finds its steps done",
    onDatabase((db, path) => {
      const other = openDatabase(path);
      migrate(other, 1, [FIRST]);
      migrate(db, 2, [FIRST]);
      expect(db.all("SELECT applied_at FROM migrations")).toEqual([{ applied_at: 1 }]);
      other.close();
    }),
  );
});

describe("MIGRATIONS", () => {
  test("are numbered without a gap, each name beginning with its number", () => {
    expect(MIGRATIONS.length).toBeGreaterThan(0);
    for (const [i, { version, name, sql }] of MIGRATIONS.entries()) {
      expect(version).toBe(i + 1);
      expect(name).toStartWith(String(version).padStart(4, "0"));
      expect(sql.trim()).not.toBe("");
    }
  });

  test(
    "make STRICT tables only",
    onDatabase((db) => {
      migrate(db, 1);
      const tables = db.all<{ name: string; strict: number }>("PRAGMA table_list");
      const own = tables.filter(({ name }) => !name.startsWith("sqlite_") && !name.includes("_search"));
      expect(own.length).toBeGreaterThan(10);
      expect(own.filter(({ strict }) => strict === 0)).toEqual([]);
    }),
  );
});

describe("0002_inbox", () => {
  test(
    "takes over the rows of a database that 0001 made, and the store works on with them",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const old = openDatabase(path);
      migrate(old, 1_000, MIGRATIONS.slice(0, 1));
      old.script(OLD_ROWS);
      old.close();
      const store = await openSqliteStore({ path, clock: new ManualClock() });

      const { items } = await store.events.list({ limit: 10 });
      expect(items.map(({ event_id, state }) => `${event_id} ${state}`)).toEqual([
        "e4 received",
        "e3 retrying",
        "e2 dead",
        "e1 done",
      ]);
      expect(await store.events.get("e2")).toMatchObject({
        purged: false,
        tries: 2,
        attempts: 2,
        body: new Uint8Array([0x7b, 0x7d]),
      });
      expect(await store.events.attempts("e2")).toEqual([
        { at: 11, outcome: "interrupted", detail: "cut" },
        { at: 12, outcome: "failed", detail: "boom" },
      ]);
      expect(await store.events.accept(sampleEvent({ delivery_id: "d1" }))).toEqual({
        event_id: "e1",
        duplicate: true,
      });
      expect(await store.events.replay("e2", 20, "x")).toBe("replayed");
      expect((await store.events.attempts("e2")).map(({ outcome }) => outcome)).toEqual([
        "interrupted",
        "failed",
        "replayed",
      ]);
      expect(await store.events.claim(9, 20)).toMatchObject([{ event_id: "e2", attempts: 3, tries: 1 }]);
      expect(await store.events.purgeBodies({ before: 100 }, 9)).toBe(1);
      expect((await store.events.get("e1"))?.purged).toBe(true);
      expect(await store.events.purge({ before: 100 }, 9)).toBe(1);
      await store.close();

      const db = openDatabase(path);
      expect(db.all("SELECT version FROM migrations")).toEqual(MIGRATIONS.map(({ version }) => ({ version })));
      expect(db.all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
      expect(db.all("PRAGMA foreign_key_check")).toEqual([]);
      // The log's rows still go with their event.
      expect(db.all("SELECT DISTINCT event FROM event_attempts ORDER BY event")).toEqual([{ event: 2 }, { event: 3 }]);
      db.close();
    }),
  );
});

/** Events in four states, as the schema of 0001 holds them; e2 to e4 are of one session. */
const OLD_ROWS = `
  INSERT INTO events (id, event_id, source, type, delivery_id, session_id, received_at, content_type, size, state, attempts,
                      updated_at, error, due_at, hold_until) VALUES
    (1, 'e1', 'github', 'push', 'd1', 'a', 10, 'application/json', 2, 'done',     1, 11, NULL,   NULL, NULL),
    (2, 'e2', 'github', 'push', 'd2', 'b', 10, 'application/json', 2, 'dead',     2, 12, 'boom', NULL, NULL),
    (3, 'e3', 'github', 'push', 'd3', 'b', 10, 'application/json', 2, 'retrying', 1, 13, 'boom', 99,   99),
    (4, 'e4', 'github', 'push', 'd4', 'b', 10, 'application/json', 2, 'received', 0, 10, NULL,   99,   NULL);
  INSERT INTO event_bodies (id, headers, body) SELECT id, '{}', x'7b7d' FROM events;
  INSERT INTO event_attempts (event, number, at, outcome, detail) VALUES
    (1, 1, 11, 'done', ''), (2, 1, 11, 'interrupted', 'cut'), (2, 2, 12, 'failed', 'boom'), (3, 1, 13, 'failed', 'boom');
  INSERT INTO event_search (rowid, text) VALUES (1, 'github push'), (2, 'github push'), (3, 'github push');
`;

describe("openSqliteStore", () => {
  test(
    "says which file it refuses and what to do, and lets go of it",
    inFolder(async (folder) => {
      const path = join(folder, "state.db");
      await (await openSqliteStore({ path, clock: new ManualClock() })).close();
      const other = new Database(path);
      other.run("INSERT INTO migrations VALUES (99, '0099_future', 'x', 1)");
      const opening = openSqliteStore({ path, clock: new ManualClock() });
      await expect(opening).rejects.toBeInstanceOf(StoreUnavailable);
      await expect(opening).rejects.toThrow(
        /^Cannot open the database ".*state\.db": a newer zeroclaw made it .*Install/,
      );
      other.run("DELETE FROM migrations WHERE version = 99");
      other.close();
      await (await openSqliteStore({ path, clock: new ManualClock() })).close();
    }),
  );
});
