import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";
import {
  answer,
  bytes,
  NOW,
  sampleEvent,
  sampleOutcome,
  sampleReply,
  sampleRun,
} from "../../conformance/store-samples.ts";
import { ManualClock } from "../../support/clock.ts";
import { inFolder } from "./scratch.ts";

/** Words of a customer that are in nothing else, the second as the search indexes have it. */
const WORDS = ["Quetzalcoatl", "quetzalcoatl"];
const TEXT = `${WORDS[0]} asks for a price. `;

/** A delivery, its run, its answer that was sent and what the search has of them; `large` ones take pages of their own. */
async function conversation(store: Store, i: number): Promise<void> {
  const text = `${TEXT}${"lorem ipsum ".repeat(i % 3 === 0 ? 900 : 10 + i)}`;
  const event = sampleEvent({ session_id: `whatsapp:${i % 4}`, body: bytes(text), headers: { subject: TEXT } });
  await store.events.accept(event);
  await store.events.claim(1, NOW);
  const { event_id, session_id } = event;
  const run = sampleRun({ event_id, session_id, reach: "channel", device_id: null, input: text });
  await store.runs.create(run);
  const reply = sampleReply();
  const response = `${TEXT}${text}`;
  await store.runs.finish(run.run_id, 1, sampleOutcome({ response, seq: i + 1, event_failure: null, reply }));
  const [claimed] = await store.replies.claim(1, NOW, "github");
  await store.replies.settle(reply.reply_id, claimed!.attempts, { at: NOW, state: "sent", detail: "ok" });
}

/** The tables, shadow tables of the search included, that have one of the words in some column. */
function holders(db: Database): string[] {
  const tables = db.query<{ name: string }, []>("SELECT name FROM pragma_table_list WHERE schema = 'main'").all();
  return tables.flatMap(({ name }) => {
    const found = db
      .query<Record<string, unknown>, []>(`SELECT * FROM "${name}"`)
      .all()
      .flatMap((row) => Object.values(row))
      .some((value) => {
        const text = value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
        return WORDS.some((word) => text.includes(word));
      });
    return found ? [name] : [];
  });
}

/** Whether the file has one of the words anywhere, also in pages and parts of pages that are not used. */
async function inFile(path: string): Promise<boolean> {
  const file = await readFile(path, "latin1");
  return WORDS.some((word) => file.includes(word));
}

describe("the text of an event that was purged", () => {
  test.each(["purgeBodies", "purge"] as const)("by %s is in no table and nowhere in the file", async (method) => {
    await inFolder(async (folder) => {
      const path = join(folder, "state.db");
      const store = await openSqliteStore({ path, clock: new ManualClock() });
      for (let i = 0; i < 60; i += 1) await conversation(store, i);
      await answer(store, sampleRun({ input: "Another question", session_id: "chat" }));
      const db = new Database(path);
      expect(holders(db)).toEqual(
        expect.arrayContaining([
          "event_bodies",
          "event_search_content",
          "event_search_data",
          "run_search_content",
          "run_search_data",
          "runs",
          "sessions",
        ]),
      );
      db.run("PRAGMA wal_checkpoint(TRUNCATE)");
      expect(await inFile(path)).toBe(true);
      while ((await store.events[method]({ before: NOW + 60_000 }, 200)) > 0);
      expect(holders(db)).toEqual([]);
      db.run("PRAGMA wal_checkpoint(TRUNCATE)");
      expect(await inFile(path)).toBe(false);
      expect(await store.search.find("another question", {}, 5)).toHaveLength(1);
      expect(db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
      for (const index of ["event_search", "run_search"])
        db.run(`INSERT INTO ${index} (${index}) VALUES ('integrity-check')`);
      db.close();
      await store.close();
    })();
  });
});
