import { describe, expect, test } from "bun:test";
import { readdir, utimes } from "node:fs/promises";
import { lockFile } from "../../src/config/file-lock.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { ManualClock } from "../support/clock.ts";
import { useFolder } from "./folder.ts";

const folder = useFolder();
/** Waits as short as it can. */
const eagerClock: Clock = { ...systemClock, after: (_delay, task) => systemClock.after(0, task) };
const path = () => folder.file("config.toml.lock");
/** The pid of a process that has ended. */
const endedPid = () => Bun.spawnSync(["true"]).pid;

describe("lockFile", () => {
  test("is held until it is released", async () => {
    const lock = await lockFile(path(), systemClock);

    expect(await lock.held()).toBe(true);
    await lock.release();
    expect(await lock.held()).toBe(false);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("lets one in after the other", async () => {
    let inside = 0;
    const peak: number[] = [];
    const one = async () => {
      const lock = await lockFile(path(), eagerClock);
      inside += 1;
      peak.push(inside);
      expect(await lock.held()).toBe(true);
      inside -= 1;
      await lock.release();
    };
    await Promise.all([one(), one(), one(), one()]);

    expect(peak).toEqual([1, 1, 1, 1]);
  });

  test("gives up after 5 seconds and says who holds it", async () => {
    const holder = await lockFile(path(), systemClock);
    const clock = new ManualClock(Date.now());
    const waiting = lockFile(path(), clock);
    const outcome = waiting.catch((error: Error) => error.message);
    while (clock.monotonic() < 5_000) {
      while (clock.timers === 0) await Bun.sleep(0);
      clock.advance(25);
    }

    expect(await outcome).toContain(`process ${process.pid} is changing it and did not finish within 5 s`);
    expect(await holder.held()).toBe(true);
  });

  test("takes over from a process that has ended", async () => {
    await Bun.write(path(), `${endedPid()} 00000000-0000-0000-0000-000000000000\n`);
    const lock = await lockFile(path(), new ManualClock(Date.now()));

    expect(await lock.held()).toBe(true);
    await lock.release();
    expect(await readdir(folder.path)).toEqual([]);
  });

  test("takes over a lock that is older than any edit, also when its pid lives, and the old holder notices", async () => {
    const old = await lockFile(path(), systemClock);
    const minuteAgo = new Date(Date.now() - 60_000);
    await utimes(path(), minuteAgo, minuteAgo);
    const lock = await lockFile(path(), new ManualClock(Date.now()));

    expect([await old.held(), await lock.held()]).toEqual([false, true]);
    await old.release();
    expect(await lock.held()).toBe(true);
  });

  test("waits for a lock that is being made and has no pid yet", async () => {
    await Bun.write(path(), "");
    const clock = new ManualClock(Date.now());
    const waiting = lockFile(path(), clock);
    while (clock.timers === 0) await Bun.sleep(0);
    await Bun.file(path()).delete();
    clock.advance(25);

    expect(await (await waiting).held()).toBe(true);
  });

  test("takes over a lock that was never marked, as a full disk or a kill leaves it, after a second", async () => {
    await Bun.write(path(), "");
    const secondsAgo = new Date(Date.now() - 2_000);
    await utimes(path(), secondsAgo, secondsAgo);

    expect(await (await lockFile(path(), new ManualClock(Date.now()))).held()).toBe(true);
  });

  test("is taken over by one of many that find it stale", async () => {
    await Bun.write(path(), `${endedPid()} x\n`);
    const order: string[] = [];
    await Promise.all(
      ["a", "b", "c", "d", "e"].map(async (name) => {
        const lock = await lockFile(path(), eagerClock);
        order.push(`${name} in`);
        expect(await lock.held()).toBe(true);
        order.push(`${name} out`);
        await lock.release();
      }),
    );

    for (let i = 0; i < order.length; i += 2) expect(order[i]![0]).toBe(order[i + 1]![0]!);
    expect(order).toHaveLength(10);
  });

  test("passes on the system's error when there is no folder", async () => {
    await expect(lockFile(folder.file("none/lock"), systemClock)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
