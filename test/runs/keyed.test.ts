import { describe, expect, test } from "bun:test";
import { AgentError } from "../../src/agent/agent.ts";
import { Idempotency } from "../../src/limits/idempotency.ts";
import { type KeyedRun, type RunKey, startKeyed } from "../../src/runs/keyed.ts";
import type { RunRequest } from "../../src/runs/runs.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { quiet, ScriptedAgent } from "../support/agent.ts";
import { World } from "../support/socket.ts";

const REQUEST: RunRequest = { session_id: "s", device_id: "phone", origin: "http", reach: "chat", text: "Hi" };
const KEY: RunKey = { scope: "phone /api/message", key: "k1", fingerprint: "f1" };

function open(world = new World({ agent: new ScriptedAgent(null) })) {
  const keys = new Idempotency({ store: world.store.idempotency, maxKeys: 10, clock: world.clock });
  const start = (key: RunKey | null = KEY) => startKeyed(world.runs, keys, REQUEST, key);
  return { world, keys, start };
}

function started(keyed: KeyedRun) {
  if (keyed.kind !== "started") throw new Error(`The run was ${keyed.kind}`);
  return keyed;
}

describe("startKeyed", () => {
  test("starts a run every time without a key", async () => {
    const { world, start } = open();
    expect([(await start(null)).kind, (await start(null)).kind]).toEqual(["started", "started"]);
    expect(world.store.rows.size).toBe(2);
  });

  test("answers with the first run once that has ended, and starts no other", async () => {
    const { world, start } = open();
    const { handle } = started(await start());
    world.agent.last.say("Hello");
    world.agent.last.done();
    await quiet();
    expect(await start()).toMatchObject({
      kind: "replayed",
      run: { run_id: handle.run_id, state: "done", response: "Hello" },
    });
    expect(world.store.rows.size).toBe(1);
  });

  test("refuses a key whose run is going on, of two at the same moment too", async () => {
    const { world, start } = open();
    const both = await Promise.allSettled([start(), start()]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(start()).rejects.toMatchObject({ code: "idempotency_in_flight", retryAfter: 1 });
    expect(world.store.rows.size).toBe(1);
  });

  test("answers with the run's state once the client was told 202", async () => {
    const { start } = open();
    started(await start()).answered();
    expect(await start()).toMatchObject({ kind: "replayed", run: { state: "running" } });
  });

  test("refuses a key with another body, while its run goes on and afterwards", async () => {
    const { world, start } = open();
    await start();
    await expect(start({ ...KEY, fingerprint: "f2" })).rejects.toMatchObject({ code: "idempotency_mismatch" });
    world.agent.last.done();
    await quiet();
    await expect(start({ ...KEY, fingerprint: "f2" })).rejects.toMatchObject({ code: "idempotency_mismatch" });
  });

  test("frees the key of a run that failed or was cancelled", async () => {
    const { world, start } = open();
    await start();
    world.agent.last.fail(new AgentError("No key."));
    await quiet();
    const { handle } = started(await start());
    world.runs.cancel(handle.run_id);
    await quiet();
    expect(started(await start()).handle.run_id).not.toBe(handle.run_id);
    expect(world.store.rows.size).toBe(3);
  });

  test("frees the key of a run that could not be started, and says why it could not", async () => {
    const { world, start } = open();
    world.store.fail("runs.create");
    world.store.fail("idempotency.remove");
    await expect(start()).rejects.toThrow("runs.create");
    await expect(start()).resolves.toMatchObject({ kind: "started" });
    expect(world.store.rows.size).toBe(1);
  });

  test("leads to the run that a crash cut off, which goes on", async () => {
    const { world, start } = open();
    const { handle } = started(await start());
    const next = open(world.restart());
    expect(await next.start()).toMatchObject({ kind: "replayed", run: { run_id: handle.run_id, state: "running" } });
    await next.world.runs.recover();
    await quiet();
    expect(await next.start()).toMatchObject({ kind: "replayed", run: { state: "done", attempt: 2 } });
  });

  test("starts again after a crash when the run had failed but its key was not freed in time", async () => {
    const { world, start } = open();
    await start();
    world.store.fail("idempotency.remove");
    world.agent.last.fail(new AgentError("No key."));
    await quiet();
    const next = open(world.restart());
    expect((await next.start()).kind).toBe("started");
  });

  test("keeps the keys of devices and routes apart", async () => {
    const { world, start } = open();
    await start();
    expect((await start({ ...KEY, scope: "tablet /api/message" })).kind).toBe("started");
    expect(world.store.rows.size).toBe(2);
  });

  test("is remembered for as long as the disk remembers it", async () => {
    const { world, start } = open();
    await start();
    world.agent.last.done();
    await quiet();
    const record = world.store.keys.get(`${KEY.scope}\n${KEY.key}`);
    expect(record?.created_at).toBe(world.clock.now());
    world.clock.advance(6 * 24 * 3_600_000);
    expect((await start()).kind).toBe("replayed");
  });

  test("passes on that the disk cannot be asked", async () => {
    const { world, keys } = open();
    const asked = { ...keys, begin: () => Promise.reject(new StoreUnavailable("down")) };
    const refused = startKeyed(
      world.runs,
      { ...asked, complete: () => undefined, release: async () => undefined },
      REQUEST,
      KEY,
    );
    await expect(refused).rejects.toThrow(StoreUnavailable);
    expect(world.store.rows.size).toBe(0);
  });
});
