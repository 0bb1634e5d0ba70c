import { newId } from "../../src/lib/ids.ts";
import type { IdempotencyRecord, NewEvent, NewRun, RunOutcome, Store, StoredDevice } from "../../src/store/store.ts";

/** When the samples happened. */
export const NOW = Date.parse("2026-11-22T12:00:00.000Z");

/** One opened store of a suite. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Opens the same data again without closing the first, as after a crash. */
  reopen(): Promise<Store>;
  /** Closes whatever is open and removes the data. */
  close(): Promise<void>;
}

const encoder = new TextEncoder();

export function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

export function sampleEvent(fields: Partial<NewEvent> = {}): NewEvent {
  const received_at = fields.received_at ?? NOW;
  return {
    event_id: newId(received_at),
    source: "github",
    type: "issues.opened",
    delivery_id: null,
    session_id: "github:owner/name#1",
    device_id: null,
    received_at,
    content_type: "application/json",
    headers: { "content-type": "application/json" },
    body: bytes('{"action":"opened"}'),
    ...fields,
  };
}

export function sampleRun(fields: Partial<NewRun> = {}): NewRun {
  const created_at = fields.created_at ?? NOW;
  return {
    run_id: newId(created_at),
    session_id: "chat",
    event_id: null,
    device_id: "device-a",
    origin: "http",
    reach: "chat",
    input: "What is the weather?",
    message_id: newId(created_at),
    state: "running",
    created_at,
    ...fields,
  };
}

export function sampleOutcome(fields: Partial<RunOutcome> = {}): RunOutcome {
  return {
    state: "done",
    response: "Sunny.",
    model: "operator",
    usage: { input_tokens: 4, output_tokens: 2 },
    error: null,
    seq: 1,
    ended_at: NOW + 1_000,
    ...fields,
  };
}

export function sampleKey(fields: Partial<IdempotencyRecord> = {}): IdempotencyRecord {
  return {
    scope: "device-a POST /api/message",
    key: "key-1",
    fingerprint: "a".repeat(64),
    run_id: null,
    status: 202,
    body: '{"status":"accepted"}',
    created_at: NOW,
    ...fields,
  };
}

export function sampleDevice(fields: Partial<StoredDevice> = {}): StoredDevice {
  const device_id = fields.device_id ?? newId(NOW);
  return {
    device_id,
    token_hash: new Bun.CryptoHasher("sha256").update(device_id).digest("hex"),
    name: "phone",
    scope: "chat",
    created_at: NOW,
    last_seen_at: null,
    expires_at: null,
    ...fields,
  };
}

/** Accepts events of these sessions one after the other, and returns their ids. */
export async function acceptAll(store: Store, sessions: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [i, session_id] of sessions.entries()) {
    ids.push((await store.events.accept(sampleEvent({ session_id, received_at: NOW + i }))).event_id);
  }
  return ids;
}

/** Stores a run that has been asked and answered. */
export async function answer(store: Store, run: NewRun, outcome: Partial<RunOutcome> = {}): Promise<void> {
  await store.runs.create(run);
  await store.runs.finish(run.run_id, 1, sampleOutcome(outcome));
}

/** Every page of a list, `limit` items each. */
export async function pagesOf<T>(
  next: (after: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
): Promise<(readonly T[])[]> {
  const pages: (readonly T[])[] = [];
  let after: string | undefined;
  do {
    const page = await next(after);
    pages.push(page.items);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return pages;
}

/** Cursors that no list ever gave. */
export const GARBAGE = ["", "x", "e", "e-1", "e01", "E1", "e1 ", "s1", "e1-2", "9".repeat(200), "eNaN", "\u0000", "é"];

/** Makes a test of a function that takes a fresh store. */
export type Use = (body: (under: StoreUnderTest) => Promise<void>) => () => Promise<void>;
