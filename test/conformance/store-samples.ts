import { newId } from "../../src/lib/ids.ts";
import type {
  IdempotencyRecord,
  NewEvent,
  NewReply,
  NewRun,
  RunOutcome,
  Store,
  StoredDevice,
} from "../../src/store/store.ts";

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

export async function claimedIds(store: Store, limit: number, now = NOW): Promise<string[]> {
  return (await store.events.claim(limit, now)).map(({ event_id }) => event_id);
}

/** Ends a running event with an answer, as its run does. */
export async function finishEvent(store: Store, event_id: string, ended_at = NOW): Promise<void> {
  const run = sampleRun({ event_id, origin: "event", reach: "channel", device_id: null });
  await store.runs.create(run);
  await store.runs.finish(run.run_id, 1, sampleOutcome({ ended_at, event_failure: null }));
}

/** Accepts events, each of a session of its own, and ends them as said; no other may be due. Returns their ids. */
export async function endedEvents(
  store: Store,
  events: readonly { readonly state: "done" | "dead"; readonly at: number; readonly source?: string }[],
): Promise<string[]> {
  const ids: string[] = [];
  for (const { state, at, source = "github" } of events) {
    const session_id = `ended-${newId(at)}`;
    const { event_id } = await store.events.accept(sampleEvent({ session_id, source, received_at: at }));
    ids.push(event_id);
    const [claimed] = await store.events.claim(1, at);
    if (state === "done") await store.events.complete(event_id, claimed!.attempts, at, "stored");
    else await store.events.fail(event_id, claimed!.attempts, { at, error: "boom", next_at: null });
  }
  return ids;
}

/** Takes an event through a run whose answer is to go back. The event must be the next one to be claimed. */
export async function replyTo(store: Store, event: Partial<NewEvent> = {}, reply: Partial<NewReply> = {}) {
  const { event_id, session_id } = sampleEvent(event);
  await store.events.accept(sampleEvent({ ...event, event_id }));
  await store.events.claim(1, NOW);
  const run = sampleRun({ event_id, session_id, origin: "event", reach: "channel", device_id: null });
  await store.runs.create(run);
  const stored = sampleReply(reply);
  await store.runs.finish(run.run_id, 1, sampleOutcome({ event_failure: null, reply: stored }));
  return { event_id, run_id: run.run_id, reply_id: stored.reply_id };
}

export function sampleReply(fields: Partial<NewReply> = {}): NewReply {
  return {
    reply_id: newId(NOW),
    source: "github",
    target: { kind: "github", repository: "owner/name", number: 1 },
    ...fields,
  };
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
