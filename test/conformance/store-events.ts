import { describe, expect, test } from "bun:test";
import { acceptAll, bytes, NOW, sampleEvent, sampleKey, sampleOutcome, sampleRun, type Use } from "./store-samples.ts";

export function eventsSuite(use: Use): void {
  describe("events.accept", () => {
    test(
      "keeps what was received, to the byte",
      use(async ({ store }) => {
        const body = Uint8Array.from({ length: 256 }, (_, i) => i);
        const event = sampleEvent({
          delivery_id: "d-1",
          device_id: "device-a",
          body,
          headers: { "x-github-event": "issues", "user-agent": 'GitHub-Hookshot/"1"' },
        });
        expect(await store.events.accept(event)).toEqual({ event_id: event.event_id, duplicate: false });
        expect(await store.events.get(event.event_id)).toEqual({
          ...event,
          state: "received",
          attempts: 0,
          updated_at: NOW,
          size: 256,
          error: null,
          tries: 0,
          purged: false,
          response: null,
          model: null,
        });
      }),
    );

    test(
      "is done at once with what nobody answers, with one attempt and found by its words, and can be replayed",
      use(async ({ store }) => {
        const body = bytes('{"zen":"Speak like a human"}');
        const event = sampleEvent({ delivery_id: "ping-1", body, stored: "A ping." });
        expect(await store.events.accept(event)).toEqual({ event_id: event.event_id, duplicate: false });
        expect(await store.events.accept({ ...event, event_id: "other" })).toMatchObject({ duplicate: true });
        expect(await store.events.get(event.event_id)).toMatchObject({ state: "done", attempts: 1, tries: 1, body });
        expect(await store.events.attempts(event.event_id)).toEqual([{ at: NOW, outcome: "done", detail: "A ping." }]);
        expect((await store.events.list({ q: "speak human", limit: 5 })).items).toHaveLength(0);
        expect([await store.events.index(5), await store.events.index(5)]).toEqual([1, 0]);
        expect((await store.events.list({ q: "speak human", limit: 5 })).items).toHaveLength(1);
        expect(await store.events.claim(5, NOW)).toEqual([]);
        expect(await store.events.replay(event.event_id, NOW + 1, "by hand")).toBe("replayed");
        expect(await store.events.claim(5, NOW + 2)).toMatchObject([
          { event_id: event.event_id, attempts: 2, tries: 1 },
        ]);
      }),
    );

    test.each([
      ["an empty body", new Uint8Array(0)],
      ["bytes that are not UTF-8", new Uint8Array([0xff, 0xfe, 0x00, 0xc3])],
      ["a leading byte order mark", bytes("\ufeff{}")],
      ["a view into a larger buffer", bytes("xxhelloxx").subarray(2, 7)],
      ["one megabyte", new Uint8Array(1024 * 1024).map((_, i) => (i * 31) & 0xff)],
    ])("keeps %s", async (_name, body) => {
      await use(async ({ store }) => {
        const { event_id } = await store.events.accept(sampleEvent({ body }));
        const stored = await store.events.get(event_id);
        expect(stored?.size).toBe(body.byteLength);
        expect(Buffer.compare(stored?.body ?? new Uint8Array(1), body)).toBe(0);
      })();
    });

    test(
      "stores a delivery once, however often and however concurrently it comes",
      use(async ({ store }) => {
        const answers = await Promise.all(
          Array.from({ length: 100 }, () => store.events.accept(sampleEvent({ delivery_id: "same" }))),
        );
        const later = await store.events.accept(
          sampleEvent({ delivery_id: "same", received_at: NOW + 6 * 86_400_000 }),
        );
        expect(new Set([...answers, later].map(({ event_id }) => event_id)).size).toBe(1);
        expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
        expect(later.duplicate).toBe(true);
        expect((await store.events.list({ limit: 10 })).items).toHaveLength(1);
      }),
    );

    test(
      "names the first event of a delivery that has been answered since",
      use(async ({ store }) => {
        const first = sampleEvent({ delivery_id: "d" });
        await store.events.accept(first);
        await store.events.claim(1, NOW);
        const run = sampleRun({ event_id: first.event_id });
        await store.runs.create(run);
        await store.runs.finish(run.run_id, 1, sampleOutcome({ event_failure: null }));
        expect(await store.events.accept(sampleEvent({ delivery_id: "d" }))).toEqual({
          event_id: first.event_id,
          duplicate: true,
        });
      }),
    );

    test(
      "tells apart deliveries of different sources, and ids that differ in case or in a trailing space",
      use(async ({ store }) => {
        const accepted = await Promise.all([
          store.events.accept(sampleEvent({ source: "github", delivery_id: "a" })),
          store.events.accept(sampleEvent({ source: "stripe", delivery_id: "a" })),
          store.events.accept(sampleEvent({ source: "github", delivery_id: "A" })),
          store.events.accept(sampleEvent({ source: "github", delivery_id: "a " })),
        ]);
        expect(accepted.map(({ duplicate }) => duplicate)).toEqual([false, false, false, false]);
      }),
    );

    test(
      "stores every event without a delivery id",
      use(async ({ store }) => {
        await Promise.all(Array.from({ length: 20 }, () => store.events.accept(sampleEvent())));
        expect((await store.events.counts()).received).toBe(20);
      }),
    );

    test(
      "refuses an event_id that is taken, and stores the others of that moment",
      use(async ({ store }) => {
        const first = sampleEvent();
        await store.events.accept(first);
        const outcomes = await Promise.allSettled([
          store.events.accept(sampleEvent()),
          store.events.accept(sampleEvent({ event_id: first.event_id, type: "other" })),
          store.events.accept(sampleEvent()),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
        expect(String(outcomes[1]?.status === "rejected" && outcomes[1].reason)).toContain(
          `Cannot accept event "${first.event_id}"`,
        );
        expect((await store.events.counts()).received).toBe(3);
        expect((await store.events.get(first.event_id))?.type).toBe("issues.opened");
      }),
    );

    test(
      "stores the answer to the Idempotency-Key with the event, or neither",
      use(async ({ store }) => {
        await store.events.accept(sampleEvent({ delivery_id: "d" }), sampleKey());
        expect(await store.idempotency.get(sampleKey().scope, "key-1")).toEqual(sampleKey());

        await expect(store.events.accept(sampleEvent(), sampleKey({ body: "other" }))).rejects.toMatchObject({
          code: "idempotency_in_flight",
        });
        expect((await store.events.counts()).received).toBe(1);

        await store.events.accept(sampleEvent({ delivery_id: "d" }), sampleKey({ key: "key-2" }));
        expect(await store.idempotency.get(sampleKey().scope, "key-2")).toBeNull();
      }),
    );

    test.each([
      ["an emoji", "naïve 👩‍👩‍👧 ✓"],
      ["right to left", "שלום"],
      ["line feeds and quotes", "a\r\n\"b\" 'c' \\ %s $1 --"],
    ])("keeps text with %s as it is", async (_name, text) => {
      await use(async ({ store }) => {
        const event = sampleEvent({ type: text, delivery_id: text, headers: { "x-text": text } });
        await store.events.accept(event);
        expect(await store.events.get(event.event_id)).toMatchObject({
          type: text,
          delivery_id: text,
          headers: { "x-text": text },
        });
        expect((await store.events.accept(sampleEvent({ delivery_id: text }))).duplicate).toBe(true);
      })();
    });

    test.each([
      ["NUL", "a\u0000b"],
      ["a lone surrogate", "a\ud800b"],
    ])("keeps text with %s, replaces the character, or refuses the event", async (_name, text) => {
      await use(async ({ store }) => {
        const event = sampleEvent({ type: text });
        const stored = await store.events.accept(event).then(
          () => store.events.get(event.event_id),
          () => null,
        );
        if (stored === null) expect((await store.events.counts()).received).toBe(0);
        else expect([text, "ab", "a\ufffdb"]).toContain(stored.type);
        await store.events.accept(sampleEvent()); // and goes on
      })();
    });

    test(
      "has stored it when it resolves: it is there after a crash",
      use(async ({ store, reopen }) => {
        const events = Array.from({ length: 50 }, (_, i) => sampleEvent({ delivery_id: `d${i}`, session_id: `s${i}` }));
        await Promise.all(events.map((event) => store.events.accept(event)));
        const again = await reopen();
        for (const event of events) expect((await again.events.get(event.event_id))?.body).toEqual(event.body);
        expect((await again.events.accept(sampleEvent({ delivery_id: "d7" }))).duplicate).toBe(true);
      }),
    );
  });

  describe("events", () => {
    test(
      "that do not exist are null, have no attempts and cannot fail",
      use(async ({ store }) => {
        expect(await store.events.get("none")).toBeNull();
        expect(await store.events.attempts("none")).toEqual([]);
        expect(await store.events.fail("none", 1, { at: NOW, error: "x", next_at: null })).toBe(false);
      }),
    );

    test(
      "are counted by state, with the age of the oldest that is not finished",
      use(async ({ store }) => {
        expect(await store.events.counts()).toEqual({
          received: 0,
          running: 0,
          retrying: 0,
          dead: 0,
          oldest_pending_at: null,
        });
        await acceptAll(store, ["a", "b", "c", "d", "e"]);
        const [a, b] = await store.events.claim(3, NOW);
        await store.events.fail(a!.event_id, 1, { at: NOW, error: "x", next_at: null });
        await store.events.fail(b!.event_id, 1, { at: NOW, error: "x", next_at: NOW + 5_000 });
        expect(await store.events.counts()).toEqual({
          received: 2,
          running: 1,
          retrying: 1,
          dead: 1,
          oldest_pending_at: NOW + 1,
        });
      }),
    );
  });
}
