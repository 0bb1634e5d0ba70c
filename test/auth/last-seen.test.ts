import { describe, expect, test } from "bun:test";
import { LastSeen } from "../../src/auth/last-seen.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryDeviceStore, memoryLog } from "../support/memory-stores.ts";

function setup() {
  const clock = new ManualClock();
  const store = new MemoryDeviceStore();
  const saved: (readonly [string, number])[][] = [];
  const seen = store.seen.bind(store);
  store.seen = async (times) => {
    await seen(times);
    saved.push([...times]);
  };
  const { log, lines } = memoryLog(clock);
  return { clock, store, saved, lines, lastSeen: new LastSeen(store, clock, log) };
}

describe("LastSeen", () => {
  test("saves the latest time of each device, at most once a minute", async () => {
    const { clock, saved, lastSeen } = setup();
    for (let at = 1; at <= 1_000; at += 1) lastSeen.note("a", at);
    lastSeen.note("b", 7);
    clock.advance(59_999);
    expect(saved).toEqual([]);
    clock.advance(1);
    await lastSeen.flush(); // also waits for a save that is under way
    expect(saved).toEqual([
      [
        ["a", 1_000],
        ["b", 7],
      ],
    ]);
    clock.advance(600_000);
    expect(saved).toHaveLength(1);
  });

  test("saves at once when asked, and leaves no timer", async () => {
    const { clock, saved, lastSeen } = setup();
    lastSeen.note("a", 1);
    await lastSeen.flush();
    await lastSeen.flush();
    expect([saved, clock.timers]).toEqual([[[["a", 1]]], 0]);
  });

  test("forgets a device that ended", async () => {
    const { saved, lastSeen } = setup();
    lastSeen.note("a", 1);
    lastSeen.forget("a");
    await lastSeen.flush();
    expect(saved).toEqual([]);
  });

  test("keeps what could not be saved, without overwriting what came later", async () => {
    const { clock, store, saved, lines, lastSeen } = setup();
    store.failure = new StoreUnavailable("The disk is full");
    lastSeen.note("a", 1);
    lastSeen.note("b", 1);
    const flushed = lastSeen.flush();
    lastSeen.note("a", 2);
    await flushed;
    expect(lines.join("")).toContain("The disk is full");
    store.failure = null;
    clock.advance(60_000);
    await lastSeen.flush();
    expect(new Map(saved[0])).toEqual(
      new Map([
        ["a", 2],
        ["b", 1],
      ]),
    );
  });
});
