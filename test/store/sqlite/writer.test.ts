import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Connection, endStart, openDatabase } from "../../../src/store/sqlite/database.ts";
import { Writer, type WriterOptions } from "../../../src/store/sqlite/writer.ts";
import { StoreUnavailable } from "../../../src/store/store.ts";
import { inFolder } from "./scratch.ts";

/** A writer whose turns of the event loop are taken by hand. */
class Bench {
  readonly db: Connection;
  readonly writer: Writer;
  readonly #turns: (() => void)[] = [];

  constructor(db: Connection, options: WriterOptions = {}) {
    this.db = db;
    this.writer = new Writer(db, { ...options, schedule: (task) => this.#turns.push(task) });
    db.script("CREATE TABLE t (n INTEGER PRIMARY KEY, body BLOB) STRICT");
  }

  get scheduled(): number {
    return this.#turns.length;
  }

  /** One turn of the event loop. */
  turnOnce(): void {
    for (const task of this.#turns.splice(0)) task();
  }

  /** Turns until a batch has been taken. */
  turn(): void {
    const { waiting } = this.writer;
    do this.turnOnce();
    while (this.writer.waiting === waiting && this.scheduled > 0);
  }

  insert(n: number, size = 0): Promise<number> {
    return this.writer.write(() => {
      this.db.run("INSERT INTO t VALUES (?, ?)", n, new Uint8Array(size));
      return n;
    }, size);
  }

  rows(): number[] {
    return this.db.all<{ n: number }>("SELECT n FROM t ORDER BY n").map(({ n }) => n);
  }
}

const onBench = (body: (bench: Bench, path: string) => Promise<void>, options: WriterOptions = {}) =>
  inFolder(async (folder) => {
    const path = join(folder, "w.db");
    const db = openDatabase(path);
    endStart(db);
    try {
      await body(new Bench(db, options), path);
    } finally {
      db.close();
    }
  });

describe("Writer", () => {
  test(
    "commits everything of one turn in one transaction, in order",
    onBench(async (bench) => {
      const all = Promise.all([1, 2, 3].map((n) => bench.insert(n)));
      expect(bench.scheduled).toBe(1);
      expect(bench.rows()).toEqual([]);
      bench.turn();
      expect(await all).toEqual([1, 2, 3]);
      expect(bench.rows()).toEqual([1, 2, 3]);
      expect(bench.writer.commits).toBe(1);
    }),
  );

  test(
    "commits a lone unit in the first turn",
    onBench(async (bench) => {
      const alone = bench.insert(1);
      bench.turnOnce();
      expect(bench.rows()).toEqual([1]);
      expect([await alone, bench.scheduled]).toEqual([1, 0]);
    }),
  );

  test(
    "gathers a batch as long as every turn adds to it",
    onBench(async (bench) => {
      const all = [bench.insert(1), bench.insert(2)];
      bench.turnOnce();
      expect(bench.writer.commits).toBe(0);
      bench.turnOnce();
      expect(bench.rows()).toEqual([1, 2]);
      await Promise.all(all);
    }),
  );

  test(
    "commits in the third turn although the batch still grows",
    onBench(async (bench) => {
      const all: Promise<number>[] = [];
      for (const turn of [0, 1, 2]) {
        all.push(bench.insert(2 * turn), bench.insert(2 * turn + 1));
        expect(bench.writer.commits).toBe(0);
        bench.turnOnce();
      }
      expect(bench.rows()).toEqual([0, 1, 2, 3, 4, 5]);
      expect([await Promise.all(all), bench.writer.commits]).toEqual([[0, 1, 2, 3, 4, 5], 1]);
    }),
  );

  test(
    "resolves nothing before the commit",
    onBench(async (bench) => {
      let resolved = false;
      const write = bench.insert(1).then(() => {
        resolved = true;
      });
      const inside = bench.writer.write(() => bench.db.inTransaction && !resolved);
      await Promise.resolve();
      expect(resolved).toBe(false);
      bench.turn();
      expect(await inside).toBe(true);
      await write;
    }),
  );

  test(
    "commits at most so many units at once, and the rest in the next turns",
    onBench(
      async (bench) => {
        const all = Promise.all([1, 2, 3, 4, 5].map((n) => bench.insert(n)));
        bench.turn();
        expect(bench.rows()).toEqual([1, 2]);
        expect(bench.writer.waiting).toBe(3);
        bench.turn();
        bench.turn();
        expect(bench.scheduled).toBe(0);
        await all;
        expect(bench.writer.commits).toBe(3);
      },
      { maxUnits: 2 },
    ),
  );

  test(
    "commits at most so many bytes at once, but always one unit",
    onBench(
      async (bench) => {
        const all = Promise.all([
          bench.insert(1, 600),
          bench.insert(2, 600),
          bench.insert(3, 5_000),
          bench.insert(4, 1),
        ]);
        bench.turn();
        expect(bench.rows()).toEqual([1]);
        bench.turn();
        expect(bench.rows()).toEqual([1, 2]);
        bench.turn();
        expect(bench.rows()).toEqual([1, 2, 3]);
        bench.turn();
        await all;
      },
      { maxBytes: 1_000 },
    ),
  );

  test(
    "refuses only the unit that threw, with its own error, and keeps nothing of it",
    onBench(async (bench) => {
      const error = new Error("mine");
      const bad = bench.writer.write(() => {
        bench.db.run("INSERT INTO t VALUES (99, NULL)");
        throw error;
      });
      const outcomes = Promise.allSettled([bench.insert(1), bad, bench.insert(1), bench.insert(2)]);
      bench.turn();
      expect(await outcomes).toMatchObject([
        { status: "fulfilled", value: 1 },
        { status: "rejected", reason: error },
        { status: "rejected", reason: { code: "SQLITE_CONSTRAINT_PRIMARYKEY" } },
        { status: "fulfilled", value: 2 },
      ]);
      expect(bench.rows()).toEqual([1, 2]);
      expect(bench.writer.commits).toBe(1);
      expect(bench.writer.fault).toBeNull();
    }),
  );

  test(
    "runs a unit at most twice, and gives the result of the last time",
    onBench(async (bench) => {
      let runs = 0;
      const counted = bench.writer.write(() => {
        runs += 1;
        return runs;
      });
      const bad = Promise.allSettled(
        [1, 2, 3].map(() =>
          bench.writer.write(() => {
            throw new Error("no");
          }),
        ),
      );
      bench.turn();
      await bad;
      expect(await counted).toBe(2);
    }),
  );

  test(
    "takes on what is written while a batch runs in a later turn",
    onBench(async (bench) => {
      let inner: Promise<number> | undefined;
      const outer = bench.writer.write(() => {
        inner ??= bench.insert(2);
      });
      bench.turnOnce();
      await outer;
      expect(bench.rows()).toEqual([]);
      bench.turn();
      expect(await inner).toBe(2);
    }),
  );

  test(
    "refuses the whole batch with StoreUnavailable when the disk is full, tells the fault, and recovers",
    onBench(async (bench) => {
      const pages = bench.db.get<{ page_count: number }>("PRAGMA page_count")!.page_count;
      bench.db.script(`PRAGMA max_page_count = ${pages + 5}`);
      const outcomes = Promise.allSettled([bench.insert(1), bench.insert(2, 100_000), bench.insert(3)]);
      bench.turn();
      for (const outcome of await outcomes) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { name: "StoreUnavailable" } });
      }
      expect(bench.writer.fault).toContain("SQLITE_FULL");
      expect(bench.writer.fault).toContain("Free some disk space");
      expect(bench.rows()).toEqual([]);
      expect(bench.writer.commits).toBe(0);

      // A transaction that changes nothing proves nothing.
      const idle = bench.writer.write(() => 1);
      bench.turn();
      expect(await idle).toBe(1);
      expect(bench.writer.fault).not.toBeNull();

      bench.db.script("PRAGMA max_page_count = 1000000");
      const again = bench.insert(2, 100_000);
      bench.turn();
      expect(await again).toBe(2);
      expect(bench.writer.fault).toBeNull();
    }),
  );

  test(
    "refuses the whole batch when the disk fills up while it separates the units",
    onBench(async (bench) => {
      const pages = bench.db.get<{ page_count: number }>("PRAGMA page_count")!.page_count;
      bench.db.script(`PRAGMA max_page_count = ${pages + 5}`);
      let first = true;
      const bad = bench.writer.write(() => {
        if (first) {
          first = false;
          throw new Error("only the first time");
        }
        bench.db.run("INSERT INTO t VALUES (7, zeroblob(100000))");
      });
      const outcomes = Promise.allSettled([bench.insert(1), bad]);
      bench.turn();
      for (const outcome of await outcomes) {
        expect(outcome).toMatchObject({ status: "rejected", reason: { name: "StoreUnavailable" } });
      }
      expect(bench.rows()).toEqual([]);
    }),
  );

  test(
    "refuses with StoreUnavailable while another process writes, and says who to look for",
    onBench(async (bench, path) => {
      const other = new Database(path);
      other.run("BEGIN IMMEDIATE");
      const refused = bench.insert(1);
      bench.turn();
      const error = await refused.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(error).toMatchObject({
        message: expect.stringContaining("Another process is writing"),
        cause: { code: "SQLITE_BUSY" },
      });
      other.run("ROLLBACK");
      other.close();
      const taken = bench.insert(1);
      bench.turn();
      expect(await taken).toBe(1);
      expect(bench.writer.fault).toBeNull();
    }),
  );

  test(
    "commits what waits when it closes, in bounded batches, and refuses what comes later",
    onBench(
      async (bench) => {
        const all = Promise.all([1, 2, 3].map((n) => bench.insert(n)));
        bench.writer.close();
        expect(await all).toEqual([1, 2, 3]);
        expect(bench.writer.commits).toBe(2);
        await expect(bench.insert(4)).rejects.toBeInstanceOf(StoreUnavailable);
        bench.turn();
        expect(bench.rows()).toEqual([1, 2, 3]);
      },
      { maxUnits: 2 },
    ),
  );

  test(
    "shares a commit among everything of one real turn",
    inFolder(async (folder) => {
      const db = openDatabase(join(folder, "w.db"));
      db.script("CREATE TABLE t (n INTEGER) STRICT");
      const writer = new Writer(db);
      await Promise.all(
        Array.from({ length: 100 }, (_, n) => writer.write(() => db.run("INSERT INTO t VALUES (?)", n))),
      );
      expect(writer.commits).toBe(1);
      db.close();
    }),
  );
});
