import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Idempotency } from "../../src/limits/idempotency.ts";
import { type IdempotencyRecord, StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryIdempotencyStore } from "../support/memory-stores.ts";

const DAY = 24 * 60 * 60 * 1_000;

function setup({ maxKeys = 100, store = new MemoryIdempotencyStore() } = {}) {
  const clock = new ManualClock();
  const keys = new Idempotency({ store, maxKeys, clock });
  const record = (key: string, more: Partial<IdempotencyRecord> = {}): IdempotencyRecord => {
    return { scope: "s", key, fingerprint: "f", run_id: null, status: 202, body: "", created_at: clock.now(), ...more };
  };
  /** As runs and events do it: the record is committed with them, then the key is told. */
  const finish = async (done: IdempotencyRecord) => {
    await store.put(done);
    keys.complete(done);
  };
  const kind = async (key: string, fingerprint = "f", scope = "s") => (await keys.begin(scope, key, fingerprint)).kind;
  return { clock, store, keys, record, finish, kind };
}

describe("Idempotency", () => {
  test("takes a key from new over in_flight to replay", async () => {
    const { keys, record, finish, kind } = setup();
    expect(await kind("k")).toBe("new");
    expect(await kind("k")).toBe("in_flight");
    const done = record("k", { body: "answer" });
    await finish(done);
    expect(await keys.begin("s", "k", "f")).toEqual({ kind: "replay", record: done });
  });

  test("tells another body under the same key, while the first is running and after", async () => {
    const { record, finish, kind } = setup();
    await kind("k");
    expect(await kind("k", "other")).toBe("mismatch");
    await finish(record("k"));
    expect(await kind("k", "other")).toBe("mismatch");
  });

  test("keeps scopes apart, also where scope and key run into each other", async () => {
    const { kind } = setup();
    expect(await kind("k", "f", "device a")).toBe("new");
    expect(await kind("k", "f", "device b")).toBe("new");
    expect(await kind("b\nk", "f", "a")).toBe("new");
    expect(await kind("\nk", "f", "a")).toBe("new");
  });

  test("frees the key of an attempt that failed, in memory and on disk", async () => {
    const { store, keys, record, finish, kind } = setup();
    await kind("k");
    await keys.release("s", "k");
    expect(await kind("k")).toBe("new");
    await finish(record("k"));
    await keys.release("s", "k");
    expect(store.rows.size).toBe(0);
    expect(await kind("k")).toBe("new");
  });

  test("keeps a key taken until the disk has forgotten it", async () => {
    const { store, keys, record, finish, kind } = setup();
    await kind("k");
    await finish(record("k"));
    const gate = Promise.withResolvers<void>();
    store.gate = gate.promise;
    const released = keys.release("s", "k");
    expect([await kind("k"), await kind("k", "other")]).toEqual(["in_flight", "mismatch"]);
    gate.resolve();
    await released;
    expect(await kind("k")).toBe("new");
  });

  test("frees a failed answer once, however many found it", async () => {
    const { keys, record, finish, kind } = setup();
    await kind("k");
    const failed = record("k", { run_id: "run 1" });
    await finish(failed);
    expect([await kind("k"), await kind("k")]).toEqual(["replay", "replay"]);
    await keys.release("s", "k", failed);
    expect(await kind("k")).toBe("new"); // the first who found it tries again
    await keys.release("s", "k", failed); // the second comes late
    expect(await kind("k")).toBe("in_flight");
    await finish(record("k", { run_id: "run 2" }));
    await keys.release("s", "k", failed);
    expect(await kind("k")).toBe("replay");
  });

  test("frees a key once when two free it at the same time", async () => {
    const { store, keys, kind } = setup();
    const removals = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let next = 0;
    store.remove = () => removals[next++]!.promise;
    await kind("k");
    const [first, second] = [keys.release("s", "k"), keys.release("s", "k")];
    removals[0]!.resolve();
    await first;
    expect(await kind("k")).toBe("new");
    removals[1]!.resolve();
    await second;
    expect(await kind("k")).toBe("in_flight");
  });

  test("frees the key in memory although the disk cannot be written, and says so", async () => {
    const { store, keys, kind } = setup();
    await kind("k");
    store.failure = new StoreUnavailable("The disk is full");
    await expect(keys.release("s", "k")).rejects.toThrow("The disk is full");
    expect(await kind("k")).toBe("new");
  });

  test("does not call a key new when the disk cannot say", async () => {
    const { store, keys, kind } = setup();
    const works = store.get.bind(store);
    store.get = async () => {
      throw new StoreUnavailable("The database is locked");
    };
    await expect(keys.begin("s", "k", "f")).rejects.toThrow("The database is locked");
    store.get = works;
    expect(await kind("k")).toBe("new");
  });

  test("finds on disk what a restart or the bound of memory forgot", async () => {
    const store = new MemoryIdempotencyStore();
    const before = setup({ store, maxKeys: 2 });
    for (const key of ["a", "b", "c"]) {
      await before.kind(key);
      await before.finish(before.record(key));
    }
    const gets = store.gets;
    expect([await before.kind("c"), await before.kind("b"), store.gets - gets]).toEqual(["replay", "replay", 0]);
    expect([await before.kind("a"), store.gets - gets]).toEqual(["replay", 1]);
    expect(await setup({ store }).kind("a")).toBe("replay");
    expect(await setup({ store }).kind("a", "other")).toBe("mismatch");
  });

  test("never evicts an attempt that is running", async () => {
    const { record, finish, kind } = setup({ maxKeys: 2 });
    for (let i = 0; i < 10; i += 1) expect(await kind(`running ${i}`)).toBe("new");
    for (let i = 0; i < 10; i += 1) {
      await kind(`done ${i}`);
      await finish(record(`done ${i}`));
    }
    for (let i = 0; i < 10; i += 1) expect(await kind(`running ${i}`)).toBe("in_flight");
  });

  test("leaves long answers to the disk", async () => {
    const { store, record, finish, kind } = setup();
    await kind("k");
    await finish(record("k", { body: "x".repeat(100_000) }));
    const gets = store.gets;
    expect([await kind("k"), await kind("k"), store.gets - gets]).toEqual(["replay", "replay", 2]);
  });

  test("keeps a key for 7 days, in memory and on disk", async () => {
    const { clock, store, record, finish, kind } = setup();
    await kind("k");
    await finish(record("k"));
    clock.advance(7 * DAY - 1);
    expect(await kind("k")).toBe("replay");
    expect(await setup({ store }).kind("k")).toBe("replay");
    clock.advance(1);
    expect(await kind("k")).toBe("new");
  });

  test("purges what is older than 7 days in steps, and stops when told", async () => {
    const { clock, store, keys, record } = setup();
    for (let i = 0; i < 1_200; i += 1) await store.put(record(`old ${i}`));
    clock.advance(7 * DAY + 1);
    await store.put(record("young"));
    expect(await keys.purge(AbortSignal.abort())).toBe(0);
    expect(await keys.purge()).toBe(1_200);
    expect([...store.rows.values()].map(({ key }) => key)).toEqual(["young"]);
  });

  test("says new to exactly one of many who ask at once", async () => {
    const { store, kind } = setup();
    const kinds = await Promise.all(Array.from({ length: 50 }, () => kind("k")));
    expect(kinds.filter((one) => one === "new")).toHaveLength(1);
    expect(kinds.filter((one) => one === "in_flight")).toHaveLength(49);
    expect(store.gets).toBe(1);
  });

  test("sees an answer that was completed while the disk was being asked", async () => {
    const { store, keys, record } = setup({ maxKeys: 1 });
    const asked = Promise.withResolvers<null>();
    store.get = () => asked.promise;
    const begun = keys.begin("s", "k", "f");
    keys.complete(record("k", { created_at: 0 }));
    keys.complete(record("another key, which pushes it out of memory"));
    asked.resolve(null);
    expect((await begun).kind).toBe("replay");
  });

  test("runs no request twice while one is running or answered, whatever the order of events", async () => {
    const step = fc.record({
      key: fc.nat(2),
      what: fc.constantFrom("begin", "begin", "complete", "release", "settle"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), async (steps, maxKeys) => {
        const { keys, record, finish } = setup({ maxKeys });
        const owners = new Map<string, number>();
        const answered = new Set<string>();
        const waiting: Promise<void>[] = [];
        for (const { key: number, what } of steps) {
          const key = `k${number}`;
          if (what === "settle") await Promise.all(waiting.splice(0));
          if (what === "begin") {
            waiting.push(
              keys.begin("s", key, "f").then(({ kind }) => {
                if (kind !== "new") return;
                expect(answered.has(key)).toBe(false);
                owners.set(key, (owners.get(key) ?? 0) + 1);
                expect(owners.get(key)).toBe(1);
              }),
            );
          }
          if (!owners.get(key)) continue;
          if (what === "complete") {
            owners.delete(key);
            answered.add(key);
            await finish(record(key));
          }
          if (what === "release") {
            await keys.release("s", key); // the owner's: until it resolves, no one may begin
            owners.delete(key);
          }
        }
        await Promise.all(waiting);
      }),
    );
  });
});
