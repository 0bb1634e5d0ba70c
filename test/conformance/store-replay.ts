import { describe, expect, test } from "bun:test";
import type { ReplayFilter, Store } from "../../src/store/store.ts";
import {
  acceptAll,
  bytes,
  claimedIds,
  endedEvents,
  finishEvent,
  NOW,
  sampleEvent,
  sampleKey,
  type Use,
} from "./store-samples.ts";

const HOUR = 3_600_000;

export function replaySuite(use: Use): void {
  describe("events.complete", () => {
    test(
      "ends the running attempt of an event without a run, with its reason in the log",
      use(async ({ store }) => {
        const [a, b] = await acceptAll(store, ["a", "a"]);
        expect(await store.events.complete(a!, 1, NOW, "early")).toBe(false);
        await store.events.claim(1, NOW);
        expect(await store.events.complete(a!, 2, NOW, "another attempt")).toBe(false);
        expect(await store.events.complete(a!, 1, NOW + 5, "It is a ping.")).toBe(true);
        expect(await store.events.complete(a!, 1, NOW + 6, "twice")).toBe(false);
        expect(await store.events.complete("none", 1, NOW, "unknown")).toBe(false);
        expect(await store.events.get(a!)).toMatchObject({
          state: "done",
          error: null,
          updated_at: NOW + 5,
          response: null,
        });
        expect(await store.events.attempts(a!)).toEqual([{ at: NOW + 5, outcome: "done", detail: "It is a ping." }]);
        expect(await claimedIds(store, 5)).toEqual([b!]);
        expect((await store.events.list({ limit: 5, q: "opened" })).items).toHaveLength(1);
      }),
    );
  });

  describe("events.replay", () => {
    test(
      "takes a dead event up again at once, with all its retries before it and its attempts still counted",
      use(async ({ store }) => {
        const [a] = await acceptAll(store, ["a"]);
        for (let n = 1; n <= 3; n += 1) {
          expect(await store.events.claim(1, NOW + n)).toMatchObject([{ attempts: n, tries: n }]);
          await store.events.fail(a!, n, { at: NOW + n, error: "boom", next_at: n === 3 ? null : NOW + n });
        }
        expect(await store.events.replay(a!, NOW + 10, "by phone")).toBe("replayed");
        expect(await store.events.get(a!)).toMatchObject({
          state: "received",
          attempts: 3,
          tries: 0,
          error: null,
          received_at: NOW,
          updated_at: NOW + 10,
          body: sampleEvent().body,
        });
        expect(await store.events.claim(1, NOW + 10)).toMatchObject([{ event_id: a, attempts: 4, tries: 1 }]);
        await store.events.fail(a!, 4, { at: NOW + 11, error: "again", next_at: NOW + 12 });
        expect(await store.events.claim(1, NOW + 12)).toMatchObject([{ attempts: 5, tries: 2 }]);
      }),
    );

    test(
      "is in the log after the attempt it follows, also where the clock was set back",
      use(async ({ store }) => {
        const [a] = await endedEvents(store, [{ state: "done", at: NOW }]);
        await store.events.replay(a!, NOW - HOUR, "by phone");
        await store.events.claim(1, NOW + 1);
        await store.events.fail(a!, 2, { at: NOW + 1, error: "boom", next_at: null });
        await store.events.replay(a!, NOW + 2, "from the command line");
        expect(await store.events.attempts(a!)).toEqual([
          { at: NOW, outcome: "done", detail: "stored" },
          { at: NOW - HOUR, outcome: "replayed", detail: "by phone" },
          { at: NOW + 1, outcome: "failed", detail: "boom" },
          { at: NOW + 2, outcome: "replayed", detail: "from the command line" },
        ]);
      }),
    );

    test(
      "says what it cannot take up: what is received or running, and what is not there",
      use(async ({ store }) => {
        const [a] = await acceptAll(store, ["a"]);
        expect(await store.events.replay(a!, NOW, "x")).toBe("pending");
        await store.events.claim(1, NOW);
        expect(await store.events.replay(a!, NOW, "x")).toBe("pending");
        expect(await store.events.replay("none", NOW, "x")).toBe("unknown");
        expect(await store.events.attempts(a!)).toEqual([]);
        await finishEvent(store, a!);
        const outcomes = await Promise.all([1, 2, 3].map(() => store.events.replay(a!, NOW, "x")));
        expect(outcomes.sort()).toEqual(["pending", "pending", "replayed"]);
      }),
    );

    test(
      "refuses an event whose bytes were purged, and leaves it as it is",
      use(async ({ store }) => {
        const [a] = await endedEvents(store, [{ state: "dead", at: NOW }]);
        await store.events.purgeBodies({ before: NOW + 1 }, 10);
        expect(await store.events.replay(a!, NOW + 2, "x")).toBe("gone");
        expect(await store.events.get(a!)).toMatchObject({ state: "dead", updated_at: NOW });
      }),
    );

    test(
      "does not wait for the retry's time, and ends the hold on its session",
      use(async ({ store }) => {
        const [a, b] = await acceptAll(store, ["a", "a"]);
        await store.events.claim(1, NOW);
        await store.events.fail(a!, 1, { at: NOW, error: "x", next_at: NOW + HOUR });
        expect(await store.events.replay(a!, NOW + 1, "x")).toBe("replayed");
        expect(await claimedIds(store, 5, NOW + 1)).toEqual([a!]);
        await finishEvent(store, a!);
        expect(await claimedIds(store, 5, NOW + 1)).toEqual([b!]);
      }),
    );

    test(
      "keeps the order of a session and one of its events running at a time",
      use(async ({ store }) => {
        const [a, b, c, d] = await acceptAll(store, ["s", "s", "s", "s"]);
        for (const id of [a!, b!]) {
          expect(await claimedIds(store, 5)).toEqual([id]);
          await finishEvent(store, id);
        }
        expect(await claimedIds(store, 5)).toEqual([c!]); // runs while the others are replayed
        await store.events.replay(b!, NOW, "x");
        await store.events.replay(a!, NOW, "x");
        expect(await claimedIds(store, 5)).toEqual([]);
        for (const id of [c!, a!, b!, d!]) {
          await finishEvent(store, id);
          expect(await claimedIds(store, 5)).toEqual({ [c!]: [a!], [a!]: [b!], [b!]: [d!], [d!]: [] }[id]!);
        }
      }),
    );

    test(
      "goes before a later event of its session that waits for its retry, and leaves that one's hold in force",
      use(async ({ store }) => {
        const [a, b, c] = await acceptAll(store, ["s", "s", "s"]);
        await store.events.claim(1, NOW);
        await finishEvent(store, a!);
        await store.events.claim(1, NOW);
        await store.events.replay(a!, NOW, "x");
        await store.events.fail(b!, 1, { at: NOW, error: "x", next_at: NOW + HOUR });
        expect(await claimedIds(store, 5, NOW)).toEqual([a!]);
        await finishEvent(store, a!);
        expect(await claimedIds(store, 5, NOW + 59_999)).toEqual([]);
        expect(await claimedIds(store, 5, NOW + 60_000)).toEqual([c!]);
      }),
    );

    test(
      "is there after a crash, and an attempt that the crash cut off counts",
      use(async ({ store, reopen }) => {
        const [a] = await endedEvents(store, [{ state: "dead", at: NOW }]);
        await store.events.replay(a!, NOW + 1, "x");
        await store.events.claim(1, NOW + 2);
        const again = await reopen();
        await again.events.recover(NOW + 3);
        expect(await again.events.claim(1, NOW + 4)).toMatchObject([{ event_id: a, attempts: 3, tries: 2 }]);
        expect((await again.events.attempts(a!)).map(({ outcome }) => outcome)).toEqual([
          "failed",
          "replayed",
          "interrupted",
        ]);
      }),
    );
  });

  describe("events.replayAll", () => {
    test(
      "takes up what the filter finds, oldest first, in steps, each event once",
      use(async ({ store }) => {
        const states = ["dead", "done", "dead", "dead", "done", "dead"] as const;
        const ids = await endedEvents(
          store,
          states.map((state, i) => ({ state, at: NOW + i, source: i < 3 ? "stripe" : "github" })),
        );
        const filter = { state: "dead", until: NOW + 10 } as const;
        expect(await store.events.replayAll(filter, 3, NOW + 10, "x")).toEqual([ids[0]!, ids[2]!, ids[3]!]);
        expect(await store.events.replayAll(filter, 3, NOW + 10, "x")).toEqual([ids[5]!]);
        expect(await store.events.replayAll(filter, 3, NOW + 10, "x")).toEqual([]);
        expect(await store.events.replayAll({ ...filter, state: "done" }, 9, NOW + 10, "x")).toEqual([
          ids[1]!,
          ids[4]!,
        ]);
        expect(await claimedIds(store, 9, NOW + 10)).toEqual(ids);
      }),
    );

    test.each<[string, Partial<ReplayFilter>, readonly number[]]>([
      ["a source", { source: "stripe" }, [0, 2]],
      ["a source that never sent", { source: "none" }, []],
      ["a first time", { since: NOW + HOUR }, [1, 2, 3]],
      ["a last time", { until: NOW + HOUR }, [0, 1]],
      ["all three", { source: "stripe", since: NOW + 1, until: NOW + 9 * HOUR }, [2]],
    ])("is narrowed by %s", async (_name, filter, expected) => {
      await use(async ({ store }) => {
        for (const state of ["done", "dead"] as const) {
          const events = [0, 1, 2, 3].map((i) => ({ state, at: NOW + i * HOUR, source: i % 2 ? "github" : "stripe" }));
          const ids = await endedEvents(store, events);
          const found = await store.events.replayAll({ state, until: NOW + 9 * HOUR, ...filter }, 9, NOW, "x");
          expect(found.map((id) => ids.indexOf(id))).toEqual([...expected]);
          await endAll(store); // so that the next round finds only its own
        }
      })();
    });

    test(
      "does not meet an event again that it took up and that has ended since",
      use(async ({ store }) => {
        const [a] = await endedEvents(store, [{ state: "dead", at: NOW }]);
        const filter = { state: "dead", until: NOW + 5 } as const;
        expect(await store.events.replayAll(filter, 9, NOW + 5, "x")).toEqual([a!]);
        await store.events.claim(1, NOW + 5);
        await store.events.fail(a!, 2, { at: NOW + 5, error: "still", next_at: null });
        expect(await store.events.replayAll(filter, 9, NOW + 6, "x")).toEqual([]);
        expect(await store.events.replayAll({ ...filter, until: NOW + 6 }, 9, NOW + 6, "x")).toEqual([a!]);
      }),
    );

    test(
      "leaves out what was purged",
      use(async ({ store }) => {
        const ids = await endedEvents(
          store,
          ["done", "dead", "done", "dead"].map((state, i) => ({ state: state as "done" | "dead", at: NOW + i })),
        );
        await store.events.purgeBodies({ before: NOW + 2 }, 9);
        for (const state of ["done", "dead"] as const) {
          expect(await store.events.replayAll({ state, until: NOW + 9 }, 9, NOW + 9, "x")).toEqual([
            ids[state === "done" ? 2 : 3]!,
          ]);
        }
      }),
    );
  });

  describe("events.accept of a delivery whose event is dead", () => {
    test(
      "takes that event up again, with its own bytes, and this is no duplicate",
      use(async ({ store }) => {
        const first = sampleEvent({ delivery_id: "d" });
        await store.events.accept(first);
        await store.events.claim(1, NOW);
        await store.events.fail(first.event_id, 1, { at: NOW, error: "boom", next_at: null });
        const again = () =>
          sampleEvent({ delivery_id: "d", received_at: NOW + HOUR, body: bytes("other"), content_type: "text/plain" });
        const answers = await Promise.all([1, 2, 3].map(() => store.events.accept(again())));
        expect(new Set(answers.map(({ event_id }) => event_id))).toEqual(new Set([first.event_id]));
        expect(answers.map(({ duplicate }) => duplicate)).toEqual([false, true, true]);
        expect(await store.events.claim(5, NOW + HOUR)).toMatchObject([
          { event_id: first.event_id, tries: 1, attempts: 2, body: first.body, content_type: first.content_type },
        ]);
        expect(await store.events.attempts(first.event_id)).toMatchObject([
          { outcome: "failed" },
          { at: NOW + HOUR, outcome: "replayed", detail: "The sender delivered it again." },
        ]);
        expect((await store.events.list({ limit: 5 })).items).toHaveLength(1);
      }),
    );

    test(
      "brings the bytes back that were purged",
      use(async ({ store }) => {
        const first = sampleEvent({ delivery_id: "d" });
        await store.events.accept(first);
        await store.events.claim(1, NOW);
        await store.events.fail(first.event_id, 1, { at: NOW, error: "boom", next_at: null });
        await store.events.purgeBodies({ before: NOW + 1 }, 9);
        const again = sampleEvent({ delivery_id: "d", body: bytes("walnut"), headers: { "x-again": "1" } });
        expect(await store.events.accept(again)).toEqual({ event_id: first.event_id, duplicate: false });
        expect(await store.events.get(first.event_id)).toMatchObject({
          state: "received",
          purged: false,
          body: again.body,
          headers: again.headers,
          size: 6,
        });
        await store.events.claim(1, NOW);
        await finishEvent(store, first.event_id);
        expect((await store.events.list({ limit: 5, q: "walnut" })).items).toHaveLength(1);
      }),
    );

    test(
      "keeps no answer for the Idempotency-Key, which would name an event that was not stored",
      use(async ({ store }) => {
        const [a] = await endedEvents(store, [{ state: "dead", at: NOW }]);
        const first = sampleEvent({ delivery_id: "d", session_id: "x" });
        await store.events.accept(first);
        await store.events.claim(1, NOW);
        await store.events.fail(first.event_id, 1, { at: NOW, error: "boom", next_at: null });
        await store.events.accept(sampleEvent({ delivery_id: "d" }), sampleKey());
        expect(await store.idempotency.get(sampleKey().scope, sampleKey().key)).toBeNull();
        expect((await store.events.get(a!))?.state).toBe("dead");
      }),
    );
  });
}

async function endAll(store: Store): Promise<void> {
  for (const { event_id, attempts } of await store.events.claim(100, NOW)) {
    await store.events.fail(event_id, attempts, { at: NOW, error: "x", next_at: NOW + 90 * HOUR });
  }
}
