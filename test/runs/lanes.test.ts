import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Lanes, MAX_WAITING } from "../../src/runs/lanes.ts";
import { quiet } from "../support/agent.ts";

/** Tasks that end when told, and a protocol of what began and ended. */
function work(lanes: Lanes) {
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    log,
    enter: (session: string, name: string) =>
      lanes.enter(session, async () => {
        log.push(`+${name}`);
        await new Promise<void>((resolve) => ends.set(name, resolve));
        log.push(`-${name}`);
      }),
    end: async (name: string) => {
      ends.get(name)?.();
      await quiet();
    },
  };
}

describe("Lanes", () => {
  test("runs the tasks of a session one at a time, in the order they came", async () => {
    const { log, enter, end } = work(new Lanes());
    for (const name of ["a", "b", "c"]) enter("s", name);
    await end("a");
    await end("b");
    await end("c");
    expect(log).toEqual(["+a", "-a", "+b", "-b", "+c", "-c"]);
  });

  test("does not let sessions wait for each other", () => {
    const { log, enter } = work(new Lanes());
    enter("s", "a");
    enter("t", "b");
    expect(log).toEqual(["+a", "+b"]);
  });

  test("is full when 32 wait behind the one that runs, and has forgotten a session once it is empty", async () => {
    const lanes = new Lanes();
    const { enter, end } = work(lanes);
    expect(lanes.free("s")).toBe(true);
    for (let i = 0; i <= MAX_WAITING; i += 1) {
      expect(lanes.full("s")).toBe(false);
      enter("s", `${i}`);
    }
    expect([lanes.full("s"), lanes.free("s"), lanes.full("t")]).toEqual([true, false, false]);
    for (let i = 0; i <= MAX_WAITING; i += 1) await end(`${i}`);
    expect([lanes.busy, lanes.free("s"), lanes.full("s")]).toEqual([0, true, false]);
  });

  test("keeps the order of every session for any traffic", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom("s", "t", "u"), { maxLength: 30 }), async (sessions) => {
        const lanes = new Lanes();
        const began: string[] = [];
        for (const [i, session] of sessions.entries()) {
          lanes.enter(session, async () => {
            began.push(`${session}${i}`);
            await Promise.resolve();
          });
        }
        await quiet();
        for (const session of ["s", "t", "u"]) {
          const order = sessions.flatMap((one, i) => (one === session ? [`${session}${i}`] : []));
          expect(began.filter((name) => name.startsWith(session))).toEqual(order);
        }
        expect(lanes.busy).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});
