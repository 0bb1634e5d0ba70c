import { describe, expect, test } from "bun:test";
import type { PurgeFilter, Store } from "../../src/store/store.ts";
import { acceptAll, endedEvents, NOW, replyTo, sampleEvent, type Use } from "./store-samples.ts";

const DAY = 86_400_000;

export function purgeSuite(use: Use): void {
  describe("events.purgeBodies", () => {
    test(
      "deletes the bytes, headers and search text, and leaves the row with its log",
      use(async ({ store }) => {
        const [a, b] = await endedEvents(store, [
          { state: "done", at: NOW },
          { state: "done", at: NOW + 1 },
        ]);
        expect(await store.events.purgeBodies({ before: NOW + 1 }, 10)).toBe(1);
        expect(await store.events.get(a!)).toMatchObject({
          state: "done",
          purged: true,
          body: new Uint8Array(0),
          headers: {},
          size: sampleEvent().body.byteLength,
          updated_at: NOW,
        });
        expect((await store.events.get(b!))?.purged).toBe(false);
        expect(await store.events.attempts(a!)).toHaveLength(1);
        const found = (await store.events.list({ limit: 5, q: "opened" })).items;
        expect(found.map(({ event_id }) => event_id)).toEqual([b!]);
        expect(await store.search.find("opened", {}, 5)).toHaveLength(1);
        expect(await store.events.purgeBodies({ before: NOW + 1 }, 10)).toBe(0);
      }),
    );

    test(
      "of an event still has its delivery recognised",
      use(async ({ store }) => {
        const event = sampleEvent({ delivery_id: "d" });
        await store.events.accept(event);
        await store.events.claim(1, NOW);
        await store.events.complete(event.event_id, 1, NOW, "");
        await store.events.purgeBodies({ before: NOW + 1 }, 10);
        expect(await store.events.accept(sampleEvent({ delivery_id: "d" }))).toEqual({
          event_id: event.event_id,
          duplicate: true,
        });
      }),
    );
  });

  describe("events.purge", () => {
    test(
      "removes the event with everything about it",
      use(async ({ store }) => {
        const { event_id, reply_id } = await replyTo(store, { delivery_id: "d" });
        const [reply] = await store.replies.claim(1, NOW, "github");
        await store.replies.settle(reply_id, reply!.attempts, { at: NOW, state: "sent", detail: "ok" });
        expect(await store.events.purge({ before: NOW + DAY }, 10)).toBe(1);
        expect(await store.events.get(event_id)).toBeNull();
        expect(await store.events.attempts(event_id)).toEqual([]);
        expect(await store.replies.ofEvent(event_id)).toEqual([]);
        expect(await store.replies.counts()).toMatchObject({ sent: 0 });
        expect(await store.events.list({ limit: 5, q: "opened" })).toEqual({ items: [], next: null });
        expect((await store.events.accept(sampleEvent({ delivery_id: "d" }))).duplicate).toBe(false);
        expect(await store.events.purge({ before: NOW + DAY }, 10)).toBe(0);
      }),
    );

    test(
      "also removes events whose bytes were purged before",
      use(async ({ store }) => {
        await endedEvents(store, [
          { state: "dead", at: NOW },
          { state: "done", at: NOW + 1 },
        ]);
        await store.events.purgeBodies({ before: NOW + 1 }, 10);
        expect(await store.events.purge({ before: NOW + 9 }, 10)).toBe(2);
        expect((await store.events.list({ limit: 5 })).items).toEqual([]);
      }),
    );
  });

  describe.each(["purgeBodies", "purge"] as const)("events.%s", (method) => {
    test(
      "takes the oldest first, so many at a time, of every source and state together",
      use(async ({ store }) => {
        const ids = await endedEvents(store, [
          { state: "done", at: NOW, source: "stripe" },
          { state: "dead", at: NOW + 1, source: "github" },
          { state: "done", at: NOW + 2, source: "github" },
          { state: "dead", at: NOW + 3, source: "stripe" },
          { state: "done", at: NOW + 4, source: "stripe" },
        ]);
        const left = async () => {
          const events = await Promise.all(ids.map((id) => store.events.get(id)));
          return events.flatMap((event, i) => (event === null || event.purged ? [] : [i]));
        };
        const before = { before: NOW + 4 };
        expect(await store.events[method](before, 2)).toBe(2);
        expect(await left()).toEqual([2, 3, 4]);
        expect(await store.events[method](before, 2)).toBe(2);
        expect(await left()).toEqual([4]);
        expect(await store.events[method](before, 2)).toBe(0);
        expect(await left()).toEqual([4]);
      }),
    );

    test.each<[string, Omit<PurgeFilter, "before">, readonly number[]]>([
      ["a source", { source: "stripe" }, [1, 3]],
      ["a state", { state: "dead" }, [0, 1]],
      ["both", { source: "github", state: "done" }, [0, 2, 3]],
      ["a source that never sent", { source: "none" }, [0, 1, 2, 3]],
    ])("is narrowed by %s", async (_name, filter, expected) => {
      await use(async ({ store }) => {
        const ids = await endedEvents(store, [
          { state: "done", at: NOW, source: "stripe" },
          { state: "done", at: NOW, source: "github" },
          { state: "dead", at: NOW, source: "stripe" },
          { state: "dead", at: NOW, source: "github" },
        ]);
        await store.events[method]({ before: NOW + 1, ...filter }, 10);
        const left = await Promise.all(ids.map((id) => store.events.get(id)));
        expect(left.flatMap((event, i) => (event === null || event.purged ? [] : [i]))).toEqual([...expected]);
      })();
    });

    test(
      "leaves alone what is received, running or waits for its retry",
      use(async ({ store }) => {
        const ids = await acceptAll(store, ["a", "b", "c", "c"]);
        await store.events.claim(2, NOW);
        await store.events.fail(ids[0]!, 1, { at: NOW, error: "x", next_at: NOW + 1 });
        expect(await store.events[method]({ before: NOW + 99 * DAY }, 10)).toBe(0);
        for (const id of ids)
          expect(await store.events.get(id)).toMatchObject({ purged: false, body: sampleEvent().body });
      }),
    );

    test(
      "leaves alone what was replayed, until it has ended again and is old enough",
      use(async ({ store }) => {
        const [a] = await endedEvents(store, [{ state: "dead", at: NOW }]);
        await store.events.replay(a!, NOW + DAY, "x");
        const before = { before: NOW + DAY };
        expect(await store.events[method](before, 10)).toBe(0);
        await store.events.claim(1, NOW + DAY);
        await store.events.complete(a!, 2, NOW + DAY, "");
        expect(await store.events[method](before, 10)).toBe(0);
        expect(await store.events[method]({ before: NOW + DAY + 1 }, 10)).toBe(1);
      }),
    );

    test(
      "leaves alone what has an answer on its way, until that has come to an end",
      use(async ({ store }) => {
        const { event_id, reply_id } = await replyTo(store);
        const purge = () => store.events[method]({ before: NOW + 99 * DAY }, 10);
        expect(await purge()).toBe(0); // pending
        await store.replies.claim(1, NOW, "github");
        expect(await purge()).toBe(0); // sending
        await store.replies.settle(reply_id, 1, { at: NOW, state: "retrying", detail: "x", next_at: NOW + 5 });
        expect(await purge()).toBe(0); // retrying
        expect(await store.events.get(event_id)).toMatchObject({ purged: false });
        await store.replies.claim(1, NOW + 5, "github");
        await store.replies.settle(reply_id, 2, { at: NOW + 5, state: "uncertain", detail: "x" });
        expect(await purge()).toBe(1);
      }),
    );

    test(
      "counts each event once where several ask together",
      use(async ({ store }) => {
        await endedEvents(
          store,
          Array.from({ length: 7 }, (_, i) => ({ state: "done", at: NOW + i }) as const),
        );
        const counts = await Promise.all([1, 2, 3, 4].map(() => store.events[method]({ before: NOW + DAY }, 3)));
        expect(counts).toEqual([3, 3, 1, 0]);
      }),
    );
  });

  describe("events.latest", () => {
    test(
      "tells when each source's latest event came, whatever became of it",
      use(async ({ store }) => {
        expect([...(await store.events.latest())]).toEqual([]);
        await endedEvents(store, [
          { state: "done", at: NOW, source: "stripe" },
          { state: "dead", at: NOW + 1, source: "github" },
          { state: "done", at: NOW + 2, source: "stripe" },
          { state: "dead", at: NOW + 3, source: "twilio" },
        ]);
        const accept = (source: string, at: number) =>
          store.events.accept(sampleEvent({ source, session_id: source, received_at: at }));
        await accept("github", NOW + 10);
        await accept("slack", NOW + 11);
        expect(await sorted(store)).toEqual([
          ["github", NOW + 10],
          ["slack", NOW + 11],
          ["stripe", NOW + 2],
          ["twilio", NOW + 3],
        ]);
        const [first] = await store.events.claim(9, NOW + 12);
        await store.events.fail(first!.event_id, 1, { at: NOW + 12, error: "x", next_at: NOW + 99 });
        expect((await sorted(store)).map(([, at]) => at - NOW)).toEqual([10, 11, 2, 3]);
      }),
    );
  });
}

async function sorted(store: Store): Promise<readonly (readonly [string, number])[]> {
  return [...(await store.events.latest())].sort(([a], [b]) => (a < b ? -1 : 1));
}
