import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTools } from "../../../src/agent/tools/open-tools.ts";
import type { ToolDesk } from "../../../src/agent/tools/tool-desk.ts";
import { newId } from "../../../src/lib/ids.ts";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import type { Store } from "../../../src/store/store.ts";
import { ManualClock } from "../../support/clock.ts";
import { FakeDesk } from "../operator/support/desk.ts";
import { call, OWNER, SIGNAL } from "./support/tool-desk.ts";

const clock = new ManualClock();
let folder: string;
let store: Store;
let desk: ToolDesk;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "zeroclaw-tools-"));
  store = await openSqliteStore({ path: join(folder, "state.db"), clock });
  const { events, runs, search, notes, reminders, sessions } = store;
  const status = () => new FakeDesk().status();
  const say = async () => ({ ok: false, why: "not here" }) as const;
  desk = { clock, devices: async () => [], status, events, runs, search, notes, reminders, sessions, say };
});

afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

test("what a tool stores is what the store finds", async () => {
  await call(desk, OWNER, "add_note", { text: "the staging key is in the safe" });

  expect(await call(desk, OWNER, "search", { words: "staging keys" })).toMatchObject({
    hits: [{ kind: "note", text: "the staging key is in the safe" }],
  });
});

test("an event is found by the beginning of its id, and among those of its state", async () => {
  const event_id = newId(clock.now());
  const body = new TextEncoder().encode('{"order":7}');
  await store.events.accept({
    ...{ event_id, source: "shop", type: "order", delivery_id: null, session_id: "shop", device_id: null },
    ...{ received_at: clock.now(), content_type: "application/json", headers: {}, body },
  });

  expect(await call(desk, OWNER, "get_event", { id: event_id.slice(0, 23) })).toMatchObject({
    untrusted: { body: '{"order":7}' },
  });
  expect((await call(desk, OWNER, "list_events", { state: "received", source: "shop" })).events).toHaveLength(1);
  expect((await call(desk, OWNER, "list_events", { state: "dead" })).events).toEqual([]);
});

test("a run that begins again stores nothing twice, and does not fail over what is there", async () => {
  const run_id = newId(clock.now());
  for (const attempt of [1, 2]) {
    const tools = openTools(desk, { ...OWNER, run: { run_id, attempt } });
    for (const text of ["tea", "tea"]) {
      expect((await tools.call("add_note", { text }, SIGNAL)).failed).toBe(false);
      expect((await tools.call("remind", { when: "10m", text }, SIGNAL)).failed).toBe(false);
    }
  }

  expect((await store.notes.list({ limit: 100 })).filter(({ text }) => text === "tea")).toHaveLength(2);
  expect(await store.reminders.pending(100)).toHaveLength(2);
});
