import { Database, type SQLQueryBindings } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Connection } from "../../../src/store/sqlite/database.ts";
import { SqliteEvents } from "../../../src/store/sqlite/events.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";
import { SqliteRuns } from "../../../src/store/sqlite/runs.ts";
import { Writer } from "../../../src/store/sqlite/writer.ts";
import { NOW, sampleEvent, sampleOutcome, sampleRun } from "../../conformance/store-samples.ts";
import { inFolder } from "./scratch.ts";

/** A connection that remembers what it was asked to run. */
class Recording extends Connection {
  readonly statements = new Map<string, SQLQueryBindings[]>();

  override run(sql: string, ...params: SQLQueryBindings[]) {
    this.statements.set(sql, params);
    return super.run(sql, ...params);
  }

  override get<Row>(sql: string, ...params: SQLQueryBindings[]): Row | null {
    this.statements.set(sql, params);
    return super.get<Row>(sql, ...params);
  }

  override all<Row>(sql: string, ...params: SQLQueryBindings[]): Row[] {
    this.statements.set(sql, params);
    return super.all<Row>(sql, ...params);
  }

  override allNamed<Row>(sql: string, params: Readonly<Record<string, string | number>>): Row[] {
    this.statements.set(sql, [params]);
    return super.allNamed<Row>(sql, params);
  }
}

/** What `body` runs, each step of its plan, as SQLite means to run it. */
async function planOf(body: (events: SqliteEvents, runs: SqliteRuns) => Promise<void>): Promise<string[]> {
  const steps: string[] = [];
  await inFolder(async (folder) => {
    const path = join(folder, "state.db");
    const db = new Recording(new Database(path, { create: true, strict: true }));
    migrate(db, NOW);
    const writer = new Writer(db);
    db.statements.clear();
    await body(new SqliteEvents(db, writer), new SqliteRuns(db, writer));
    db.close();
    const explaining = new Database(path, { strict: true });
    for (const [sql, params] of db.statements) {
      if (/^(BEGIN|COMMIT)/.test(sql)) continue;
      const plan = explaining.prepare<{ detail: string }, SQLQueryBindings[]>(`EXPLAIN QUERY PLAN ${sql}`);
      steps.push(...plan.all(...params).map(({ detail }) => detail));
    }
    explaining.close();
  })();
  return steps;
}

/** Steps that read a whole table, or every entry of an index. */
function scans(steps: readonly string[]): string[] {
  // FTS5 calls a look-up by rowid a scan with the index "0:=".
  return steps.filter((step) => /^SCAN (?!CONSTANT|\(subquery)/.test(step) && !step.endsWith("INDEX 0:="));
}

describe("the query plan", () => {
  test("of accepting, claiming, failing and finishing scans nothing", async () => {
    const steps = await planOf(async (events, runs) => {
      const [first, second] = [sampleEvent({ delivery_id: "a" }), sampleEvent({ session_id: "other" })];
      await events.accept(first);
      await events.accept(second);
      await events.accept({ ...sampleEvent(), delivery_id: "a" });
      await events.claim(2, NOW);
      await events.fail(first.event_id, 1, { at: NOW, error: "x", next_at: NOW + 5_000 });
      const run = sampleRun({ event_id: second.event_id });
      await runs.create(run);
      await runs.finish(run.run_id, 1, sampleOutcome({ event_failure: null }));
      await runs.ofEvent(second.event_id);
      await runs.endedAfter(run.session_id, 0, 10);
      await runs.unfinished();
      await events.get(first.event_id);
      await events.attempts(first.event_id);
    });
    expect(steps.length).toBeGreaterThan(20);
    expect(scans(steps)).toEqual(["SCAN runs USING INDEX runs_unfinished"]);
  });

  test("of counting reads partial indexes and no table", async () => {
    const steps = scans(await planOf(async (events) => void (await events.counts())));
    const tables = steps.filter((step) => step.startsWith("SCAN events"));
    expect(tables.length).toBe(4);
    for (const step of tables) expect(step).toMatch(/USING COVERING INDEX events_(received|running|retrying|dead)$/);
  });

  test.each([
    [{ state: "received" as const }],
    [{ state: "dead" as const }],
    [{ source: "github" }],
    [{ source: "github", state: "done" as const }],
    [{ q: "word" }],
  ])("of listing with %j reads an index and looks up what it shows", async (filter) => {
    const steps = scans(await planOf(async (events) => void (await events.list({ limit: 10, ...filter }))));
    expect(steps.filter((step) => !/USING (COVERING )?INDEX|VIRTUAL TABLE/.test(step))).toEqual([]);
  });

  test("of listing everything walks from the newest on and sorts nothing", async () => {
    const steps = await planOf(async (events) => void (await events.list({ limit: 10 })));
    expect(steps.join()).toContain("SCAN e");
    expect(steps.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
  });
});
