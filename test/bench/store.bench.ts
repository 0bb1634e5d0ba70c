/**
 * What the store costs: `bun test/bench/store.bench.ts`. Figures with their machine and date are in docs/storage.md.
 * The database is a file under the system's temporary folder, so they speak of that disk.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measure } from "mitata";
import { systemClock } from "../../src/lib/clock.ts";
import { newId } from "../../src/lib/ids.ts";
import { openSqliteStore, type SqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { NewEvent, RunOutcome } from "../../src/store/store.ts";

const GROUPS = [1, 16, 64, 256] as const;
const BODY = new Uint8Array(300).fill(0x61);
const HEADERS = { "content-type": "application/json", "user-agent": "bench/1", host: "127.0.0.1:8585" };
const OPTIONS = { min_cpu_time: 1.5e9, min_samples: 20 };

const folder = await mkdtemp(join(tmpdir(), "zeroclaw-bench-"));
const open = (name: string) => openSqliteStore({ path: join(folder, `${name}.db`), clock: systemClock });
const row = (...cells: readonly (string | number)[]) =>
  console.log(cells.map((cell, i) => String(cell).padStart(i === 0 ? 28 : 12)).join(""));

try {
  await benchAccept();
  await benchWork();
  await benchOpen();
} finally {
  await rm(folder, { recursive: true });
}

async function benchAccept(): Promise<void> {
  row("accept, 300 B bodies", "accepts/s", "µs each", "p50 ms", "p99 ms");
  for (const group of GROUPS) {
    const store = await open(`accept-${group}`);
    const stats = await measure(async () => {
      await Promise.all(Array.from({ length: group }, () => store.events.accept(event("webhook"))));
    }, OPTIONS);
    row(`${group} at once`, ...perSecond(stats.avg, group), ms(stats.p50), ms(stats.p99));
    await store.close();
  }
}

async function benchWork(): Promise<void> {
  row("claim, run, finish", "events/s", "µs each", "p50 ms", "p99 ms");
  for (const group of [1, 16]) {
    const store = await open(`work-${group}`);
    await fill(store, 20_000);
    const stats = await measure(() => work(store, group), OPTIONS);
    row(`${group} sessions`, ...perSecond(stats.avg, group), ms(stats.p50), ms(stats.p99));
    await store.close();
  }
}

async function benchOpen(): Promise<void> {
  const store = await open("open");
  await fill(store, 1_000);
  await store.close();
  const stats = await measure(async () => (await open("open")).close(), { min_cpu_time: 2e8 });
  row("open and close", "", "", ms(stats.p50), ms(stats.p99));
}

/** Claims, runs and finishes `count` events, one of each session at a time. */
async function work(store: SqliteStore, count: number): Promise<void> {
  const now = systemClock.now();
  const claimed = await store.events.claim(count, now);
  await Promise.all(
    claimed.map(async ({ event_id, session_id }) => {
      const run_id = newId(now);
      await store.runs.create({
        run_id,
        session_id,
        event_id,
        device_id: null,
        origin: "event",
        reach: "channel",
        input: "A question of some words that somebody asked",
        message_id: newId(now),
        state: "running",
        created_at: now,
      });
      const outcome: RunOutcome = {
        state: "done",
        response: "An answer of some more words, as an agent would give it",
        model: "operator",
        usage: null,
        error: null,
        seq: 1,
        ended_at: now,
        event_failure: null,
      };
      await store.runs.finish(run_id, 1, outcome);
    }),
  );
}

async function fill(store: SqliteStore, count: number): Promise<void> {
  for (let i = 0; i < count; i += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, k) => store.events.accept(event(`session-${k % 50}`))));
  }
}

function event(session_id: string): NewEvent {
  const now = systemClock.now();
  return {
    event_id: newId(now),
    source: "webhook",
    type: "push",
    delivery_id: null,
    session_id,
    device_id: "bench",
    received_at: now,
    content_type: "application/json",
    headers: HEADERS,
    body: BODY,
  };
}

function perSecond(ns: number, count: number): readonly [number, string] {
  return [Math.round((count * 1e9) / ns), (ns / count / 1_000).toFixed(1)];
}

function ms(ns: number): string {
  return (ns / 1e6).toFixed(2);
}
