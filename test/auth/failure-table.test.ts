import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type FailurePolicy, FailureTable, OVERFLOW } from "../../src/auth/failure-table.ts";

const LOCKS: FailurePolicy = { locksAt: 3, windowMs: 1_000, lockMs: 500, maxClients: 3 };

function fail(table: FailureTable, client: string, times: number, now: number): void {
  for (let i = 0; i < times; i += 1) table.fail(client, now);
}

describe("FailureTable", () => {
  test("locks with the last allowed failure, for exactly the lock's length", () => {
    const table = new FailureTable(LOCKS);
    fail(table, "a", 2, 0);
    expect(table.waitMs("a", 0)).toBe(0);
    expect(table.fail("a", 100)).toBe("a");
    expect([table.waitMs("a", 100), table.waitMs("a", 599), table.waitMs("a", 600)]).toEqual([500, 1, 0]);
    expect(table.waitMs("b", 100)).toBe(0);
  });

  test("counts nothing while a lock lasts, and anew after it", () => {
    const table = new FailureTable(LOCKS);
    fail(table, "a", 3, 0);
    expect(table.fail("a", 499)).toBe(null);
    expect(table.waitMs("a", 499)).toBe(1);
    fail(table, "a", 2, 500);
    expect(table.waitMs("a", 500)).toBe(0);
    table.fail("a", 500);
    expect(table.waitMs("a", 500)).toBe(500);
  });

  test("forgets a count one window after its first failure", () => {
    const table = new FailureTable(LOCKS);
    fail(table, "a", 2, 0);
    table.fail("a", 1_000);
    expect([table.waitMs("a", 1_000), table.get("a", 1_000)?.count]).toEqual([0, 1]);
  });

  test("without a lock's length, locks until the window has passed", () => {
    const table = new FailureTable({ ...LOCKS, lockMs: null });
    table.fail("a", 0);
    fail(table, "a", 2, 900);
    expect([table.waitMs("a", 900), table.waitMs("a", 1_000)]).toEqual([100, 0]);
  });

  test("lets strangers share one count when it is full of counts that still matter", () => {
    const table = new FailureTable(LOCKS);
    for (const client of ["a", "b", "c"]) fail(table, client, 3, 0);
    expect([table.fail("d", 0), table.fail("e", 0), table.fail("f", 0)]).toEqual([OVERFLOW, OVERFLOW, OVERFLOW]);
    expect([table.waitMs("never seen", 0), table.waitMs("a", 499)]).toEqual([500, 1]);
  });

  test("makes room of counts that mean nothing any more, before strangers have to share", () => {
    const table = new FailureTable(LOCKS);
    for (const client of ["a", "b", "c"]) table.fail(client, 0);
    fail(table, "a", 3, 900);
    expect(table.fail("d", 1_000)).toBe("d");
    expect([...table.places(1_000)].sort()).toEqual(["a", "d"]);
  });

  test("cannot be made to free a locked client by a spray", () => {
    const table = new FailureTable(LOCKS);
    fail(table, "locked", 3, 0);
    for (let i = 0; i < 10_000; i += 1) table.fail(`spray ${i}`, i / 100);
    expect(table.waitMs("locked", 100)).toBe(400);
    expect(table.places(100).length).toBeLessThanOrEqual(LOCKS.maxClients + 1);
  });

  test("forgets one client when told, and all", () => {
    const table = new FailureTable(LOCKS);
    for (const client of ["a", "b"]) fail(table, client, 3, 0);
    expect([table.forget("a"), table.forget("a")]).toEqual([true, false]);
    expect([table.waitMs("a", 0), table.waitMs("b", 0)]).toEqual([0, 500]);
    table.clear();
    expect(table.waitMs("b", 0)).toBe(0);
  });

  test("takes over counts of before a restart, within its bound", () => {
    const table = new FailureTable(LOCKS);
    for (const client of ["a", "b", "c", "d"]) table.restore(client, { count: 3, since: -100, until: 400 });
    expect([table.waitMs("c", 0), table.places(0).length]).toEqual([400, 3]);
  });

  test("allows no client more failures than the rule, whatever the traffic", () => {
    const traffic = fc.array(fc.record({ client: fc.nat(5), gap: fc.nat(300) }), { maxLength: 200 });
    fc.assert(
      fc.property(traffic, (failures) => {
        const table = new FailureTable(LOCKS);
        const tried = new Map<string, number[]>();
        let now = 0;
        for (const { client, gap } of failures) {
          now += gap;
          const name = `c${client}`;
          if (table.waitMs(name, now) > 0) continue;
          table.fail(name, now);
          const times = tried.get(name) ?? [];
          times.push(now);
          tried.set(name, times);
          // Three failures lock for 500 ms, so a fourth cannot come sooner than that after the first of them.
          const first = times.at(-4);
          if (first !== undefined) expect(now - first).toBeGreaterThanOrEqual(500);
        }
      }),
    );
  });
});
