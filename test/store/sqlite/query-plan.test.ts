import { Database, type SQLQueryBindings } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Connection } from "../../../src/store/sqlite/database.ts";
import { SqliteEvents } from "../../../src/store/sqlite/events.ts";
import { migrate } from "../../../src/store/sqlite/migrate.ts";
import { SqliteRefusals } from "../../../src/store/sqlite/refusals.ts";
import { SqliteReplies } from "../../../src/store/sqlite/replies.ts";
import { SqliteRuns } from "../../../src/store/sqlite/runs.ts";
import { Writer } from "../../../src/store/sqlite/writer.ts";
import { NOW, sampleEvent, sampleOutcome, sampleReply, sampleRun } from "../../conformance/store-samples.ts";
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

interface Parts {
  readonly events: SqliteEvents;
  readonly runs: SqliteRuns;
  readonly replies: SqliteReplies;
  readonly refusals: SqliteRefusals;
  /** Forgets what was run until now. */
  readonly forget: () => void;
}

/** What `body` runs, each step of its plan, as SQLite means to run it. */
async function planOf(body: (parts: Parts) => Promise<void>): Promise<string[]> {
  const steps: string[] = [];
  await inFolder(async (folder) => {
    const path = join(folder, "state.db");
    const db = new Recording(new Database(path, { create: true, strict: true }));
    migrate(db, NOW);
    const writer = new Writer(db);
    const forget = () => db.statements.clear();
    forget();
    await body({
      events: new SqliteEvents(db, writer),
      runs: new SqliteRuns(db, writer),
      replies: new SqliteReplies(db, writer),
      refusals: new SqliteRefusals(db, writer),
      forget,
    });
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

/** Going from one source to the next: a row for each, found by a search. */
const SOURCE_STEPS = ["SCAN step", "SCAN step"];

describe("the query plan", () => {
  test("of accepting, claiming, failing and finishing scans nothing", async () => {
    const steps = await planOf(async ({ events, runs }) => {
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

  test("of replaying one event scans nothing", async () => {
    const steps = await planOf(async ({ events, forget }) => {
      const ids = await deadEvents(events);
      forget();
      await events.replay(ids[0]!, NOW, "x");
      await events.accept({ ...sampleEvent(), delivery_id: "0" });
      await events.accept({ ...sampleEvent(), delivery_id: "1" });
    });
    expect(steps.length).toBeGreaterThan(5);
    expect(scans(steps)).toEqual([]);
  });

  test.each(["dead", "done"] as const)(
    "of replaying all that are %s walks an index and sorts nothing",
    async (state) => {
      const steps = await planOf(async ({ events, forget }) => {
        await deadEvents(events);
        forget();
        await events.replayAll({ state, until: NOW }, 10, NOW, "x");
        await events.replayAll({ state, until: NOW, since: NOW, source: "github" }, 10, NOW, "x");
      });
      expect(steps.join("\n")).toMatch(/(SEARCH|SCAN) e USING INDEX events_(dead|ended)/);
      expect(scans(steps).filter((step) => !/USING (COVERING )?INDEX events_/.test(step))).toEqual(
        state === "done" ? SOURCE_STEPS : [],
      );
      expect(steps.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
    },
  );

  test.each(["purge", "purgeBodies"] as const)("of %s finds its rows by an index, in order", async (method) => {
    const steps = await planOf(async ({ events, forget }) => {
      await deadEvents(events);
      forget();
      await events[method]({ before: NOW + 1 }, 10);
    });
    expect(steps).toContain(
      "SEARCH e USING COVERING INDEX events_old (state=? AND source=? AND purged=? AND updated_at<?)",
    );
    expect(scans(steps).filter((step) => !step.includes("json_each"))).toEqual(SOURCE_STEPS);
    expect(steps.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
  });

  test.each(["purge", "purgeBodies"] as const)("of %s finds the runs of its events by an index", async (method) => {
    const steps = await planOf(async ({ events, runs, forget }) => {
      const event = sampleEvent();
      await events.accept(event);
      await events.claim(1, NOW);
      const run = sampleRun({ event_id: event.event_id, reach: "channel" });
      await runs.create(run);
      await runs.finish(run.run_id, 1, sampleOutcome({ event_failure: null }));
      forget();
      await events[method]({ before: NOW + 9_000 }, 10);
    });
    expect(steps).toContain("SEARCH runs USING INDEX runs_of_event (event_id=?)");
    expect(steps.join("\n")).toMatch(/SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 \(session_id=\?\)/);
    expect(scans(steps).filter((step) => !step.includes("json_each"))).toEqual(SOURCE_STEPS);
  });

  test("of looking for a clock that was set back walks no more than what it changes", async () => {
    const steps = await planOf(async ({ events, replies, forget }) => {
      const [first] = await deadEvents(events);
      await events.replay(first!, NOW, "x");
      await events.claim(1, NOW);
      await events.fail(first!, 2, { at: NOW, error: "x", next_at: NOW + 5 });
      forget();
      await events.rebase(NOW - 60_000);
      await replies.rebase(NOW - 60_000);
    });
    const found = steps.filter((step) => /_(failed|held)/.test(step)).map((step) => step.replace("COVERING ", ""));
    expect(found).toEqual([
      "SEARCH events USING INDEX events_failed (updated_at>?)",
      "SEARCH events USING INDEX events_held (due_at>?)",
      "SEARCH replies USING INDEX replies_failed (updated_at>?)",
      "SEARCH replies USING INDEX replies_held (due_at>?)",
    ]);
    expect(scans(steps)).toEqual([]);
  });

  test("of sending replies scans nothing but the index of what is being sent", async () => {
    const steps = await planOf(async ({ events, runs, replies, forget }) => {
      const event = sampleEvent();
      await events.accept(event);
      await events.claim(1, NOW);
      const run = sampleRun({ event_id: event.event_id });
      await runs.create(run);
      forget();
      const reply = sampleReply();
      await runs.finish(run.run_id, 1, sampleOutcome({ event_failure: null, reply }));
      await replies.claim(5, NOW, "github");
      await replies.partSent(reply.reply_id, 1);
      await replies.settle(reply.reply_id, 1, { at: NOW, state: "retrying", detail: "x", next_at: NOW + 1 });
      await replies.claim(5, NOW + 1, "github");
      await replies.interrupted("github");
      await replies.settle(reply.reply_id, 2, { at: NOW, state: "sent", detail: "x" });
      await replies.ofEvent(event.event_id);
    });
    expect(steps.filter((step) => step.includes("replies_due (source=? AND due_at")).length).toBeGreaterThan(1);
    expect(scans(steps)).toEqual(["SCAN replies USING INDEX replies_sending"]);
  });

  test("of counting replies reads partial indexes and no table", async () => {
    const steps = await planOf(async ({ replies }) => void (await replies.counts()));
    const tables = steps.filter((step) => step.includes("replies"));
    expect(tables.length).toBe(6);
    for (const step of tables)
      expect(step).toMatch(/USING COVERING INDEX replies_(pending|sending|retrying|failed|settled)/);
  });

  test("of the latest events reads partial indexes", async () => {
    const steps = await planOf(async ({ events, forget }) => {
      await deadEvents(events);
      forget();
      await events.latest();
    });
    const tables = scans(steps).filter((step) => step.startsWith("SCAN events"));
    expect(tables.sort()).toEqual(
      ["received", "retrying", "running"].map((state) => `SCAN events USING INDEX events_${state}`),
    );
  });

  test.each([
    [{}],
    [{ source: "github" }],
    [{ request_id: "x" }],
    [{ reason: "bad_body" as const, since: NOW, after: "r5" }],
  ])("of listing refusals with %j walks them from the newest on", async (filter) => {
    const steps = await planOf(async ({ refusals }) => void (await refusals.list({ limit: 10, ...filter })));
    expect(steps.join()).toMatch(/SCAN refusals|SEARCH refusals USING (INDEX|INTEGER PRIMARY KEY)/);
    expect(steps.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
  });

  test("of purging refusals finds them by an index", async () => {
    const steps = await planOf(async ({ refusals }) => void (await refusals.purge(NOW, 5, 5)));
    expect(steps).toContain("SEARCH refusals USING COVERING INDEX refusals_oldest (at<?)");
    expect(steps.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
  });

  test("of counting reads partial indexes and no table", async () => {
    const steps = scans(await planOf(async ({ events }) => void (await events.counts())));
    const tables = steps.filter((step) => step.startsWith("SCAN events"));
    expect(tables.length).toBe(4);
    for (const step of tables)
      expect(step).toMatch(/USING COVERING INDEX events_(received|running|retrying|failed|dead)$/);
  });

  test.each([
    [{ state: "received" as const }],
    [{ state: "dead" as const }],
    [{ source: "github" }],
    [{ source: "github", state: "done" as const }],
    [{ q: "word" }],
    [{ id: "019aab00" }],
    [{ id: "019aab00", source: "github", state: "dead" as const }],
  ])("of listing with %j reads an index and looks up what it shows", async (filter) => {
    const steps = scans(await planOf(async ({ events }) => void (await events.list({ limit: 10, ...filter }))));
    expect(steps.filter((step) => !/USING (COVERING )?INDEX|VIRTUAL TABLE/.test(step))).toEqual([]);
  });

  test.each([
    [{}, "SCAN e"],
    [{ id: "019aab0" }, "SEARCH e USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"],
  ])("of listing with %j walks from the newest on and sorts nothing", async (filter, walk) => {
    const steps = await planOf(async ({ events }) => void (await events.list({ limit: 10, ...filter })));
    expect(steps.join()).toContain(walk);
    expect(steps.filter((step) => step.includes("TEMP B-TREE"))).toEqual([]);
  });
});

/** Three dead deliveries of two sources. */
async function deadEvents(events: SqliteEvents): Promise<string[]> {
  const ids: string[] = [];
  for (const [i, source] of ["github", "stripe", "github"].entries()) {
    const event = sampleEvent({ source, session_id: `s${i}`, delivery_id: `${i}` });
    await events.accept(event);
    await events.claim(1, NOW);
    await events.fail(event.event_id, 1, { at: NOW, error: "x", next_at: null });
    ids.push(event.event_id);
  }
  return ids;
}
