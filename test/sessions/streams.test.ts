import { describe, expect, test } from "bun:test";
import type { StoredRun } from "../../src/protocol/run.ts";
import { Streams, terminalFrame } from "../../src/sessions/streams.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryRunStore } from "../support/memory-runs.ts";

const MINUTE = 60_000;

function open() {
  const clock = new ManualClock();
  const store = new MemoryRunStore();
  return { clock, store, streams: new Streams(store, clock) };
}

const RUN: StoredRun = {
  run_id: "r1",
  session_id: "s",
  event_id: null,
  device_id: "d",
  origin: "http",
  reach: "owner",
  input: "Hi",
  state: "done",
  attempt: 1,
  message_id: "m1",
  response: "Hello",
  model: "x",
  usage: null,
  error: null,
  seq: 7,
  created_at: 0,
  started_at: 0,
  ended_at: 1,
};

describe("Streams", () => {
  test("gives everybody the same stream of a session", async () => {
    const { streams } = open();
    const [one, two] = await Promise.all([streams.acquire("s"), streams.acquire("s")]);
    expect(one).toBe(two);
    expect(await streams.acquire("other")).not.toBe(one);
  });

  test("keeps a stream that is used, however long, and drops it five minutes after the last release", async () => {
    const { clock, streams } = open();
    const stream = await streams.acquire("s");
    clock.advance(60 * MINUTE);
    expect(await streams.acquire("s")).toBe(stream);
    streams.release("s");
    clock.advance(60 * MINUTE);
    expect(streams.size).toBe(1);
    streams.release("s");
    clock.advance(4 * MINUTE);
    expect(await streams.acquire("s")).toBe(stream);
    streams.release("s");
    clock.advance(6 * MINUTE);
    expect(streams.size).toBe(0);
  });

  test("goes on with higher numbers after a stream was dropped", async () => {
    const { clock, streams } = open();
    const first = await streams.acquire("s");
    const seq = await first.nextSeq();
    streams.release("s");
    clock.advance(6 * MINUTE);
    const second = await streams.acquire("s");
    expect(second).not.toBe(first);
    expect(await second.nextSeq()).toBeGreaterThan(seq);
  });

  test("keeps at most a thousand idle streams, the latest ones", async () => {
    const { clock, streams } = open();
    for (let i = 0; i < 1_500; i += 1) {
      await streams.acquire(`s${i}`);
      clock.advance(1);
      streams.release(`s${i}`);
    }
    const latest = await streams.acquire("s1499");
    clock.advance(MINUTE);
    expect(streams.size).toBeLessThanOrEqual(1_001);
    expect(await streams.acquire("s1499")).toBe(latest);
  });

  test("loads again after the store could not be read", async () => {
    const { clock, store, streams } = open();
    store.fail("sessions.get", 2);
    const tries = await Promise.allSettled([streams.acquire("s"), streams.acquire("s")]);
    expect(tries.map((one) => one.status)).toEqual(["rejected", "rejected"]);
    await expect(streams.acquire("s")).rejects.toThrow(StoreUnavailable);
    const stream = await streams.acquire("s");
    expect(await stream.nextSeq()).toBe(1);
    streams.release("s");
    clock.advance(6 * MINUTE);
    expect(streams.size).toBe(0);
  });

  test("ends the stream of a removed session; the next of that name is another, also for later releases of the first", async () => {
    const { clock, store, streams } = open();
    const first = await streams.acquire("s");
    await first.nextSeq();
    await store.sessions.remove("s");
    streams.drop("s");
    const seen: unknown[] = [];
    for await (const item of first.read(0, new AbortController().signal)) seen.push(item);
    expect(seen).toEqual([]);
    const second = await streams.acquire("s");
    expect(second).not.toBe(first);
    expect(await second.nextSeq()).toBe(1);
    streams.release("s"); // whoever had the first
    clock.advance(10 * MINUTE);
    expect(await streams.acquire("s")).toBe(second);
  });

  test("reads from disk only the ends of runs up to where memory begins", async () => {
    const { store, streams } = open();
    store.sessionRows.set("s", { ...SESSION, seq_limit: 10 });
    store.rows.set("r1", RUN);
    store.rows.set("r2", { ...RUN, run_id: "r2", seq: 12 });
    const stream = await streams.acquire("s");
    const abort = new AbortController();
    const seen: unknown[] = [];
    for await (const { frame } of stream.read(0, abort.signal, () => abort.abort())) seen.push(frame);
    expect(seen).toEqual([terminalFrame(RUN)]);
  });

  test("leaves no timer when it stops", () => {
    const { clock, streams } = open();
    streams.stop();
    expect(clock.timers).toBe(0);
  });
});

const SESSION = { session_id: "s", device_id: "d", title: "", created_at: 0, updated_at: 0, seq_limit: 1 };

describe("terminalFrame", () => {
  test("is the response of a run that is done", () => {
    expect(terminalFrame({ ...RUN, usage: { input_tokens: 1, output_tokens: 2 } })).toEqual({
      type: "response",
      content: "Hello",
      session_id: "s",
      message_id: "m1",
      run_id: "r1",
      seq: 7,
      model: "x",
      usage: { input_tokens: 1, output_tokens: 2 },
    });
  });

  test("is the error of a run that failed or was cancelled", () => {
    const error = { code: "agent_failed", detail: "No key." };
    expect(terminalFrame({ ...RUN, state: "failed", response: null, error })).toEqual({
      type: "error",
      ...error,
      run_id: "r1",
      session_id: "s",
      seq: 7,
    });
    expect(terminalFrame({ ...RUN, state: "cancelled" })).toMatchObject({ type: "error", code: "cancelled" });
  });
});
