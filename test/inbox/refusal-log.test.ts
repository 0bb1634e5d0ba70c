import { describe, expect, test } from "bun:test";
import { RefusalLog } from "../../src/inbox/refusal-log.ts";
import { Log } from "../../src/observe/log.ts";
import type { StoredRefusal } from "../../src/protocol/refusal.ts";
import { quiet } from "../support/agent.ts";
import { ManualClock } from "../support/clock.ts";

function refusal(request_id: string): StoredRefusal {
  return {
    request_id,
    at: 0,
    source: "github",
    reason: "wrong_signature",
    detail: "d",
    fix: "f",
    client: "127.0.0.1",
    size: 2,
    delivery_id: null,
    event: null,
  };
}

function scene() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = new Log({ clock, write: (line) => void lines.push(line), format: "json", level: "info" });
  const batches: (readonly StoredRefusal[])[] = [];
  const store = { failing: false };
  const add = async (batch: readonly StoredRefusal[]) => {
    if (store.failing) throw new Error("disk full");
    batches.push(batch);
  };
  return { clock, lines, batches, store, refusals: new RefusalLog({ refusals: { add }, clock, log }) };
}

describe("RefusalLog", () => {
  test("writes what came within a second at once, and nothing when nothing came", async () => {
    const { clock, batches, refusals } = scene();
    refusals.record(refusal("a"));
    refusals.record(refusal("b"));
    expect(batches).toEqual([]);
    clock.advance(1_000);
    await quiet();
    expect(batches.map((batch) => batch.map(({ request_id }) => request_id))).toEqual([["a", "b"]]);
    clock.advance(5_000);
    await refusals.flush();
    expect(batches).toHaveLength(1);
    refusals.record(refusal("c"));
    await refusals.flush();
    clock.advance(1_000);
    await quiet();
    expect(batches).toHaveLength(2);
  });

  test("keeps at most 50 a second, and says how many it did not keep", async () => {
    const { clock, lines, batches, refusals } = scene();
    for (let i = 0; i < 60; i += 1) refusals.record(refusal(String(i)));
    clock.advance(1_000);
    await quiet();
    expect(batches[0]).toHaveLength(50);
    expect(lines.join("")).toContain('"not_kept":10');
    refusals.record(refusal("later"));
    await refusals.flush();
    expect(batches[1]).toHaveLength(1);
  });

  test("goes on when the store cannot write", async () => {
    const { lines, batches, store, refusals } = scene();
    store.failing = true;
    refusals.record(refusal("a"));
    await refusals.flush();
    expect(lines.join("")).toContain("could not be kept");
    store.failing = false;
    refusals.record(refusal("b"));
    await refusals.flush();
    expect(batches).toHaveLength(1);
  });
});
