import { describe, expect, test } from "bun:test";
import { Lockouts } from "../../src/auth/lockouts.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryLockoutStore, memoryLog } from "../support/memory-stores.ts";

function setup({ clock = new ManualClock(), store = new MemoryLockoutStore() } = {}) {
  const { log, lines } = memoryLog(clock);
  const lockouts = new Lockouts({ clock, store, log });
  const wrongCodes = (client: string, times: number) => {
    for (let i = 0; i < times; i += 1) lockouts.wrongCode(client);
  };
  const wrongTokens = (client: string, times: number) =>
    Array.from({ length: times }, () => lockouts.wrongToken(client));
  return { clock, store, lines, lockouts, wrongCodes, wrongTokens };
}

/** A new process on the same store; its monotonic clock begins anew. */
async function restart(store: MemoryLockoutStore, wallTime: number) {
  const after = setup({ store, clock: new ManualClock(wallTime) });
  await after.lockouts.load();
  return after;
}

describe("Lockouts, wrong codes", () => {
  test("lock an address for 300 s after five, and only that address", () => {
    const { clock, lockouts, wrongCodes, lines } = setup();
    wrongCodes("192.0.2.1", 4);
    expect(lockouts.codeWait("192.0.2.1")).toBe(0);
    wrongCodes("192.0.2.1", 1);
    expect([lockouts.codeWait("192.0.2.1"), lockouts.codeWait("192.0.2.2")]).toEqual([300, 0]);
    expect(lines.join("")).toContain("192.0.2.1");
    clock.advance(299_001);
    expect(lockouts.codeWait("192.0.2.1")).toBe(1);
    clock.advance(999);
    expect(lockouts.codeWait("192.0.2.1")).toBe(0);
  });

  test("are on disk as soon as they lock, so that a process killed in the next moment frees nobody", async () => {
    const { clock, store, wrongCodes } = setup();
    wrongCodes("192.0.2.1", 5);
    await new Promise(setImmediate); // the write itself, which no timer delays
    const { lockouts } = await restart(store, clock.now());
    expect(lockouts.codeWait("192.0.2.1")).toBe(300);
  });

  test("count the addresses of one /64 and the forms of one address together", () => {
    const { lockouts, wrongCodes } = setup();
    for (let i = 1; i <= 5; i += 1) wrongCodes(`2001:db8::${i}`, 1);
    expect([lockouts.codeWait("2001:db8::ffff"), lockouts.codeWait("2001:db8::/64")]).toEqual([300, 300]);
    wrongCodes("192.0.2.1", 3);
    wrongCodes("::ffff:192.0.2.1", 2);
    expect(lockouts.codeWait("192.0.2.1")).toBe(300);
  });

  test("make no exception for loopback", () => {
    const { lockouts, wrongCodes } = setup();
    wrongCodes("127.0.0.1", 5);
    expect(lockouts.codeWait("127.0.0.1")).toBe(300);
  });

  test("are forgotten 15 minutes after the first, and at once with a right code", () => {
    const { clock, lockouts, wrongCodes } = setup();
    wrongCodes("192.0.2.1", 4);
    clock.advance(15 * 60_000);
    wrongCodes("192.0.2.1", 4);
    expect(lockouts.codeWait("192.0.2.1")).toBe(0);
    lockouts.rightCode("192.0.2.1");
    wrongCodes("192.0.2.1", 4);
    expect(lockouts.codeWait("192.0.2.1")).toBe(0);
  });

  test("lock for 300 s whatever happens to the wall clock", () => {
    const { clock, lockouts, wrongCodes } = setup();
    wrongCodes("192.0.2.1", 5);
    clock.setWallTime(clock.now() + 86_400_000);
    expect(lockouts.codeWait("192.0.2.1")).toBe(300);
    clock.setWallTime(0);
    clock.advance(300_000);
    expect(lockouts.codeWait("192.0.2.1")).toBe(0);
  });

  test("are 1,000 in all once every 1,000", () => {
    const { lockouts } = setup();
    const exhausted: number[] = [];
    for (let i = 1; i <= 2_500; i += 1) if (lockouts.wrongCode(`10.0.${i >> 8}.${i & 255}`)) exhausted.push(i);
    expect(exhausted).toEqual([1_000, 2_000]);
  });

  test("from more addresses than can be tracked lock out strangers, and free nobody", () => {
    const { lockouts, wrongCodes } = setup();
    wrongCodes("192.0.2.1", 5);
    for (let i = 0; i < 10_100; i += 1) lockouts.wrongCode(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    expect(lockouts.codeWait("192.0.2.1")).toBe(300);
    expect(lockouts.codeWait("203.0.113.9")).toBe(300);
    expect(lockouts.codeWait("10.0.0.1")).toBe(0); // tracked, with one failure
  });
});

describe("Lockouts, wrong tokens", () => {
  test("are refused past 30 in a minute, until that minute is over", () => {
    const { clock, lockouts, wrongTokens } = setup();
    expect(wrongTokens("192.0.2.1", 30)).toEqual(new Array(30).fill(0));
    clock.advance(20_000);
    expect(wrongTokens("192.0.2.1", 3)).toEqual([40, 40, 40]);
    expect(lockouts.wrongToken("192.0.2.2")).toBe(0);
    clock.advance(39_999);
    expect(lockouts.wrongToken("192.0.2.1")).toBe(1);
    clock.advance(1);
    expect(lockouts.wrongToken("192.0.2.1")).toBe(0);
  });

  test("never touch codes, nor codes them", () => {
    const { lockouts, wrongCodes, wrongTokens } = setup();
    wrongTokens("192.0.2.1", 100);
    expect(lockouts.codeWait("192.0.2.1")).toBe(0);
    wrongCodes("192.0.2.2", 5);
    expect(lockouts.wrongToken("192.0.2.2")).toBe(0);
  });
});

describe("Lockouts on disk", () => {
  test("survive a restart with the time that is left", async () => {
    const { clock, store, lockouts, wrongCodes, wrongTokens } = setup();
    wrongCodes("192.0.2.1", 5);
    wrongCodes("192.0.2.2", 4);
    wrongTokens("192.0.2.3", 31);
    await lockouts.flush();
    const after = await restart(store, clock.now() + 10_000);
    expect(after.lockouts.codeWait("192.0.2.1")).toBe(290);
    expect(after.lockouts.wrongToken("192.0.2.3")).toBe(50);
    after.wrongCodes("192.0.2.2", 1);
    expect(after.lockouts.codeWait("192.0.2.2")).toBe(300);
  });

  test("are saved within a second without a flush", async () => {
    const { clock, store, lockouts, wrongCodes } = setup();
    wrongCodes("192.0.2.1", 5);
    clock.advance(1_000);
    await lockouts.flush();
    expect(store.rows.get("code 192.0.2.1")).toMatchObject({ failures: 5, until: clock.now() - 1_000 + 300_000 });
  });

  test("keep the count of all wrong codes", async () => {
    const { clock, store, lockouts } = setup();
    for (let i = 0; i < 999; i += 1) lockouts.wrongCode(`10.0.${i >> 8}.${i & 255}`);
    await lockouts.flush();
    const after = await restart(store, clock.now());
    expect(after.lockouts.wrongCode("192.0.2.1")).toBe(true);
  });

  test("last no longer than the rule when the wall clock was set back meanwhile", async () => {
    const { clock, store, lockouts, wrongCodes, wrongTokens } = setup();
    wrongCodes("192.0.2.1", 5);
    wrongTokens("192.0.2.1", 31);
    await lockouts.flush();
    const after = await restart(store, clock.now() - 86_400_000);
    expect([after.lockouts.codeWait("192.0.2.1"), after.lockouts.wrongToken("192.0.2.1")]).toEqual([300, 60]);
  });

  test("do not come back once they are over, cleared or redeemed", async () => {
    const { clock, store, lockouts, wrongCodes } = setup();
    wrongCodes("192.0.2.1", 5);
    await lockouts.flush();
    const later = await restart(store, clock.now() + 300_000);
    later.wrongCodes("192.0.2.1", 4);
    expect(later.lockouts.codeWait("192.0.2.1")).toBe(0);
    lockouts.rightCode("192.0.2.1");
    await lockouts.flush();
    const redeemed = await restart(store, clock.now());
    expect(redeemed.lockouts.codeWait("192.0.2.1")).toBe(0);
    wrongCodes("192.0.2.2", 5);
    await lockouts.clear();
    expect([store.rows.size, lockouts.codeWait("192.0.2.2")]).toEqual([0, 0]);
  });

  test("count on in memory when the store fails", async () => {
    const { store, lockouts, wrongCodes, lines } = setup();
    store.failure = new StoreUnavailable("The disk is full");
    wrongCodes("192.0.2.1", 5);
    await lockouts.flush();
    expect([lockouts.codeWait("192.0.2.1"), lines.join("").includes("The disk is full")]).toEqual([300, true]);
    await lockouts.clear();
    expect(lockouts.codeWait("192.0.2.1")).toBe(0);
  });
});
