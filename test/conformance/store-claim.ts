import { describe, expect, test } from "bun:test";
import { acceptAll, claimedIds, finishEvent, NOW, sampleEvent, type Use } from "./store-samples.ts";

export function claimSuite(use: Use): void {
  describe("events.claim", () => {
    test(
      "takes the oldest first, counts the attempt and gives what was received",
      use(async ({ store }) => {
        const ids = await acceptAll(store, ["a", "b", "c"]);
        const claimed = await store.events.claim(2, NOW + 10);
        expect(claimed.map(({ event_id }) => event_id)).toEqual(ids.slice(0, 2));
        expect(claimed[0]).toMatchObject({
          state: "running",
          attempts: 1,
          updated_at: NOW + 10,
          body: sampleEvent().body,
          headers: sampleEvent().headers,
        });
        expect(await claimedIds(store, 5, NOW + 10)).toEqual(ids.slice(2));
        expect(await claimedIds(store, 5, NOW + 10)).toEqual([]);
      }),
    );

    test(
      "takes nothing when there is no room",
      use(async ({ store }) => {
        await acceptAll(store, ["a"]);
        expect(await store.events.claim(0, NOW)).toEqual([]);
      }),
    );

    test(
      "runs one event of a session at a time, in the order they came",
      use(async ({ store }) => {
        const [a1, a2, b1, a3] = await acceptAll(store, ["a", "a", "b", "a"]);
        expect(await claimedIds(store, 10)).toEqual([a1!, b1!]);
        expect(await claimedIds(store, 10)).toEqual([]);
        await finishEvent(store, a1!);
        expect(await claimedIds(store, 10)).toEqual([a2!]);
        await finishEvent(store, b1!);
        expect(await claimedIds(store, 10)).toEqual([]);
        await store.events.fail(a2!, 1, { at: NOW, error: "x", next_at: null });
        expect(await claimedIds(store, 10)).toEqual([a3!]);
      }),
    );

    test(
      "gives no event twice to workers that ask at the same moment",
      use(async ({ store }) => {
        await acceptAll(
          store,
          Array.from({ length: 30 }, (_, i) => `s${i % 10}`),
        );
        const claims = await Promise.all(Array.from({ length: 20 }, () => claimedIds(store, 3)));
        const taken = claims.flat();
        expect(taken).toHaveLength(10);
        expect(new Set(taken).size).toBe(10);
      }),
    );

    test(
      "takes a received event whatever its clock said",
      use(async ({ store }) => {
        const event = sampleEvent({ received_at: NOW + 3_600_000 });
        await store.events.accept(event);
        expect(await claimedIds(store, 1, NOW)).toEqual([event.event_id]);
      }),
    );

    test(
      "takes a retry when it is due, and counts the attempt",
      use(async ({ store }) => {
        const [a] = await acceptAll(store, ["a"]);
        await store.events.claim(1, NOW);
        expect(await store.events.fail(a!, 1, { at: NOW, error: "timeout", next_at: NOW + 4_999.5 })).toBe(true);
        expect(await store.events.get(a!)).toMatchObject({ state: "retrying", error: "timeout", updated_at: NOW });
        expect(await claimedIds(store, 1, NOW + 4_999)).toEqual([]);
        expect(await store.events.claim(1, NOW + 5_000)).toMatchObject([{ event_id: a, attempts: 2 }]);
      }),
    );

    test(
      "takes an older retry before newer events once it is due",
      use(async ({ store }) => {
        const [a] = await acceptAll(store, ["a"]);
        await store.events.claim(1, NOW);
        await store.events.fail(a!, 1, { at: NOW, error: "x", next_at: NOW + 5_000 });
        const [b] = await acceptAll(store, ["b"]);
        expect(await claimedIds(store, 1, NOW + 5_000)).toEqual([a!]);
        expect(await claimedIds(store, 1, NOW + 5_000)).toEqual([b!]);
      }),
    );
  });

  describe("a retrying event", () => {
    test.each([
      ["that came before it failed", true],
      ["that comes while it waits", false],
    ])("holds an event of its session %s until 60 s after the failure", async (_name, before) => {
      await use(async ({ store }) => {
        const [a] = await acceptAll(store, ["a"]);
        const early = before ? await acceptAll(store, ["a"]) : [];
        await store.events.claim(1, NOW);
        await store.events.fail(a!, 1, { at: NOW, error: "x", next_at: NOW + 120_000 });
        const [b] = before ? early : await acceptAll(store, ["a"]);
        expect(await claimedIds(store, 5, NOW + 59_999)).toEqual([]);
        expect(await claimedIds(store, 5, NOW + 60_000)).toEqual([b!]);
        expect(await claimedIds(store, 5, NOW + 120_000)).toEqual([]); // b runs
        await finishEvent(store, b!);
        expect(await claimedIds(store, 5, NOW + 120_000)).toEqual([a!]);
      })();
    });

    test(
      "holds its session for 60 s from its first failure, however often it fails, and anew after a replay",
      use(async ({ store }) => {
        const [a, b, c] = await acceptAll(store, ["a", "a", "a"]);
        await store.events.claim(1, NOW);
        await store.events.fail(a!, 1, { at: NOW, error: "x", next_at: NOW + 5_000 });
        expect(await claimedIds(store, 5, NOW + 5_000)).toEqual([a!]);
        await store.events.fail(a!, 2, { at: NOW + 5_000, error: "x", next_at: NOW + 35_000 });
        expect(await claimedIds(store, 5, NOW + 35_000)).toEqual([a!]);
        await store.events.fail(a!, 3, { at: NOW + 35_000, error: "x", next_at: NOW + 155_000 });
        expect(await claimedIds(store, 5, NOW + 59_999)).toEqual([]);
        expect(await claimedIds(store, 5, NOW + 60_000)).toEqual([b!]);
        await finishEvent(store, b!);
        await store.events.replay(a!, NOW + 60_001, "by hand");
        expect(await claimedIds(store, 5, NOW + 60_002)).toEqual([a!]);
        await store.events.fail(a!, 4, { at: NOW + 60_003, error: "x", next_at: NOW + 200_000 });
        expect(await claimedIds(store, 5, NOW + 120_002)).toEqual([]);
        expect(await claimedIds(store, 5, NOW + 120_003)).toEqual([c!]);
      }),
    );

    test(
      "goes before the later events of its session when it is due within that time",
      use(async ({ store }) => {
        const [a, b] = await acceptAll(store, ["a", "a"]);
        await store.events.claim(1, NOW);
        await store.events.fail(a!, 1, { at: NOW, error: "x", next_at: NOW + 5_000 });
        expect(await claimedIds(store, 5, NOW + 5_000)).toEqual([a!]);
        await finishEvent(store, a!);
        expect(await claimedIds(store, 5, NOW + 5_001)).toEqual([b!]); // the hold ended with it
      }),
    );

    test(
      "holds no other session",
      use(async ({ store }) => {
        const [a, b] = await acceptAll(store, ["a", "b"]);
        await store.events.claim(1, NOW);
        await store.events.fail(a!, 1, { at: NOW, error: "x", next_at: NOW + 5_000 });
        expect(await claimedIds(store, 5, NOW)).toEqual([b!]);
      }),
    );

    test(
      "lets its session go on when it is given up",
      use(async ({ store }) => {
        const [a, b] = await acceptAll(store, ["a", "a"]);
        await store.events.claim(1, NOW);
        await store.events.fail(a!, 1, { at: NOW, error: "unknown model", next_at: null });
        expect(await store.events.get(a!)).toMatchObject({ state: "dead", error: "unknown model" });
        expect(await claimedIds(store, 5, NOW)).toEqual([b!]);
      }),
    );

    test(
      "that waits past its hold does not block, nor do several of them, and the oldest due goes first",
      use(async ({ store }) => {
        const [a, b, c] = await acceptAll(store, ["s", "s", "s"]);
        await store.events.claim(1, NOW);
        await store.events.fail(a!, 1, { at: NOW, error: "x", next_at: NOW + 600_000 });
        expect(await claimedIds(store, 5, NOW + 60_000)).toEqual([b!]);
        await store.events.fail(b!, 1, { at: NOW + 60_000, error: "x", next_at: NOW + 600_000 });
        expect(await claimedIds(store, 5, NOW + 119_999)).toEqual([]);
        expect(await claimedIds(store, 5, NOW + 120_000)).toEqual([c!]);
        await finishEvent(store, c!);
        expect(await claimedIds(store, 5, NOW + 600_000)).toEqual([a!]);
        await finishEvent(store, a!);
        expect(await claimedIds(store, 5, NOW + 600_000)).toEqual([b!]);
      }),
    );
  });

  describe("events.fail", () => {
    test(
      "is refused for an attempt that is not the running one",
      use(async ({ store }) => {
        const [a] = await acceptAll(store, ["a"]);
        const failure = { at: NOW, error: "x", next_at: NOW + 1 };
        expect(await store.events.fail(a!, 1, failure)).toBe(false);
        await store.events.claim(1, NOW);
        expect(await store.events.fail(a!, 2, failure)).toBe(false);
        expect(await store.events.fail(a!, 1, failure)).toBe(true);
        expect(await store.events.fail(a!, 1, failure)).toBe(false);
        expect(await store.events.attempts(a!)).toEqual([{ at: NOW, outcome: "failed", detail: "x" }]);
      }),
    );

    test(
      "keeps a record of every attempt, in order",
      use(async ({ store }) => {
        const [a] = await acceptAll(store, ["a"]);
        await store.events.claim(1, NOW);
        await store.events.fail(a!, 1, { at: NOW + 1, error: "timeout", next_at: NOW + 2 });
        await store.events.claim(1, NOW + 2);
        await finishEvent(store, a!, NOW + 3);
        expect(await store.events.attempts(a!)).toEqual([
          { at: NOW + 1, outcome: "failed", detail: "timeout" },
          { at: NOW + 3, outcome: "done", detail: "" },
        ]);
        expect(await store.events.get(a!)).toMatchObject({ state: "done", error: null, attempts: 2 });
      }),
    );
  });

  describe("events.recover", () => {
    test(
      "hands back what was running at a crash, once, before the later events of its session",
      use(async ({ store, reopen }) => {
        const [a1, a2, b1] = await acceptAll(store, ["a", "a", "b"]);
        await store.events.claim(2, NOW);
        await finishEvent(store, b1!);
        const again = await reopen();
        expect(await again.events.recover(NOW + 1_000)).toBe(1);
        expect(await again.events.recover(NOW + 1_000)).toBe(0);
        expect(await again.events.get(a1!)).toMatchObject({ state: "received", updated_at: NOW + 1_000 });
        expect(await again.events.attempts(a1!)).toMatchObject([{ at: NOW + 1_000, outcome: "interrupted" }]);
        expect(await again.events.claim(5, NOW + 1_000)).toMatchObject([{ event_id: a1, attempts: 2 }]);
        await finishEvent(again, a1!);
        expect(await claimedIds(again, 5)).toEqual([a2!]);
      }),
    );

    test(
      "leaves alone what waits, is done or dead",
      use(async ({ store }) => {
        const [a, b, c] = await acceptAll(store, ["a", "b", "c", "d"]);
        await store.events.claim(3, NOW);
        await finishEvent(store, a!);
        await store.events.fail(b!, 1, { at: NOW, error: "x", next_at: null });
        await store.events.fail(c!, 1, { at: NOW, error: "x", next_at: NOW + 5_000 });
        const before = await store.events.list({ limit: 10 });
        expect(await store.events.recover(NOW + 1)).toBe(0);
        expect(await store.events.list({ limit: 10 })).toEqual(before);
      }),
    );
  });
}
