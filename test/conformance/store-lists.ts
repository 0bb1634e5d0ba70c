import { describe, expect, test } from "bun:test";
import { EVENT_STATES } from "../../src/protocol/event.ts";
import type { EventFilter, Store } from "../../src/store/store.ts";
import {
  acceptAll,
  bytes,
  GARBAGE,
  NOW,
  pagesOf,
  sampleEvent,
  sampleOutcome,
  sampleRun,
  type Use,
} from "./store-samples.ts";

export function listsSuite(use: Use): void {
  describe("events.list", () => {
    test(
      "shows the newest first, without headers and body",
      use(async ({ store }) => {
        const ids = await acceptAll(store, ["a", "a", "b"]);
        const { items, next } = await store.events.list({ limit: 10 });
        expect(items.map(({ event_id }) => event_id)).toEqual(ids.reverse());
        expect(next).toBeNull();
        expect(Object.keys(items[0]!).sort()).toEqual([
          "attempts",
          "content_type",
          "delivery_id",
          "device_id",
          "error",
          "event_id",
          "received_at",
          "session_id",
          "size",
          "source",
          "state",
          "type",
          "updated_at",
        ]);
      }),
    );

    test.each([1, 2, 3, 7, 8])("gives every event once in pages of %d", async (limit) => {
      await use(async ({ store }) => {
        const ids = await acceptAll(store, ["a", "b", "c", "d", "e", "f", "g"]);
        const pages = await pagesOf((after) => store.events.list({ limit, ...(after && { after }) }));
        expect(pages.flat().map(({ event_id }) => event_id)).toEqual(ids.reverse());
        expect(pages).toHaveLength(Math.ceil(7 / limit));
      })();
    });

    test(
      "goes on at the same place while new events come in",
      use(async ({ store }) => {
        const ids = await acceptAll(store, ["a", "b", "c", "d"]);
        const first = await store.events.list({ limit: 2 });
        await acceptAll(store, ["e", "f"]);
        const second = await store.events.list({ limit: 2, after: first.next! });
        expect([...first.items, ...second.items].map(({ event_id }) => event_id)).toEqual(ids.reverse());
      }),
    );

    test(
      "narrows by source, state and time, alone and together",
      use(async ({ store }) => {
        await mixedStates(store);
        const all = (await store.events.list({ limit: 100 })).items;
        expect(new Set(all.map(({ state }) => state)).size).toBe(5);
        for (const source of [undefined, "github", "stripe", "none"]) {
          for (const state of [undefined, ...EVENT_STATES]) {
            for (const since of [undefined, NOW + 5 * 60_000, NOW + 1e9]) {
              const filter: EventFilter = {
                limit: 2,
                ...(source !== undefined && { source }),
                ...(state !== undefined && { state }),
                ...(since !== undefined && { since }),
              };
              const expected = all.filter(
                (event) =>
                  (source === undefined || event.source === source) &&
                  (state === undefined || event.state === state) &&
                  (since === undefined || event.received_at >= since),
              );
              const pages = await pagesOf((after) => store.events.list({ ...filter, ...(after && { after }) }));
              expect([filter, pages.flat()]).toEqual([filter, expected]);
            }
          }
        }
      }),
    );

    test(
      "finds events by the beginning of their id, with the other filters and in pages",
      use(async ({ store }) => {
        const id = (head: string, tail: number) => `${head}-0000-7000-8000-${String(tail).padStart(12, "0")}`;
        const ids = ["019aab00", "019aab00", "019aab0f", "019aab10"].map((head, i) => id(head, i));
        for (const [i, event_id] of ids.entries()) {
          await store.events.accept(
            sampleEvent({ event_id, source: i === 1 ? "stripe" : "github", session_id: `${i}` }),
          );
        }
        const found = async (filter: Partial<EventFilter>) =>
          (await store.events.list({ limit: 10, ...filter })).items.map(({ event_id }) => ids.indexOf(event_id));
        expect(await found({ id: ids[2]! })).toEqual([2]);
        expect(await found({ id: "019aab00" })).toEqual([1, 0]);
        expect(await found({ id: "019aab0" })).toEqual([2, 1, 0]);
        expect(await found({ id: "019aab0", source: "stripe" })).toEqual([1]);
        expect(await found({ id: "019aab0", state: "dead" })).toEqual([]);
        expect(await found({ id: "" })).toEqual([3, 2, 1, 0]);
        expect(await found({ id: `${ids[0]!}0` })).toEqual([]);
        expect(await found({ id: "%" })).toEqual([]);
        expect(await found({ id: "019aab0_" })).toEqual([]);
        const pages = await pagesOf((after) => store.events.list({ limit: 2, id: "019aab", ...(after && { after }) }));
        expect(pages.map((page) => page.length)).toEqual([2, 2]);
        expect(new Set(pages.flat().map(({ event_id }) => event_id)).size).toBe(4);
      }),
    );

    test(
      "finds the same by every beginning of an id, be it of all events or of one",
      use(async ({ store }) => {
        const ids: string[] = [];
        for (let i = 0; i < 24; i += 1) {
          const event = sampleEvent({ received_at: NOW + 2 ** i, session_id: `${i}` });
          ids.unshift((await store.events.accept(event)).event_id);
        }
        for (const whole of [ids[0]!, ids[9]!, ids[23]!]) {
          for (let length = 0; length <= whole.length; length += 1) {
            const id = whole.slice(0, length);
            const pages = await pagesOf((after) => store.events.list({ limit: 7, id, ...(after && { after }) }));
            const found = pages.flat().map(({ event_id }) => event_id);
            expect([id, found]).toEqual([id, ids.filter((event_id) => event_id.startsWith(id))]);
          }
        }
      }),
    );

    test(
      "finds the words of an event that has ended, in its source, type and body",
      use(async ({ store }) => {
        const { event_id } = await store.events.accept(
          sampleEvent({ session_id: "a", body: bytes('{"title":"The Crème brûlée is burning"}') }),
        );
        const other = await store.events.accept(sampleEvent({ session_id: "b", source: "stripe", body: bytes("{}") }));
        await store.events.claim(2, NOW);
        await store.events.fail(event_id, 1, { at: NOW, error: "x", next_at: NOW + 1 });
        await store.events.fail(other.event_id, 1, { at: NOW, error: "x", next_at: null });
        const found = async (q: string, rest: Partial<EventFilter> = {}) =>
          (await store.events.list({ limit: 10, q, ...rest })).items.map((event) => event.event_id);
        expect(await found("creme BURNING")).toEqual([event_id]);
        expect(await found("burn")).toEqual([event_id]); // the stem
        expect(await found("issues github")).toEqual([event_id]);
        expect(await found("stripe")).toEqual([other.event_id]);
        expect(await found("issues")).toEqual([other.event_id, event_id]);
        expect(await found("issues", { state: "dead" })).toEqual([other.event_id]);
        expect(await found("issues", { source: "github", since: NOW })).toEqual([event_id]);
        expect(await found("creme missing")).toEqual([]);
        expect(await found("")).toEqual([]);
        expect(await found("!?")).toEqual([]);
      }),
    );

    test(
      "finds an event once, however often it was tried",
      use(async ({ store }) => {
        const [a] = await acceptAll(store, ["a"]);
        for (let attempt = 1; attempt <= 3; attempt += 1) {
          await store.events.claim(1, NOW + attempt);
          await store.events.fail(a!, attempt, { at: NOW, error: "x", next_at: NOW + attempt });
        }
        expect((await store.events.list({ limit: 10, q: "opened" })).items).toHaveLength(1);
      }),
    );

    test(
      "pages through what it finds",
      use(async ({ store }) => {
        const ids = await acceptAll(store, ["a", "b", "c", "d", "e"]);
        await store.events.claim(5, NOW);
        for (const id of ids) await store.events.fail(id, 1, { at: NOW, error: "x", next_at: null });
        const pages = await pagesOf((after) => store.events.list({ limit: 2, q: "opened", ...(after && { after }) }));
        expect(pages.flat().map(({ event_id }) => event_id)).toEqual(ids.reverse());
      }),
    );

    test.each(GARBAGE)("refuses the cursor %j", async (after) => {
      await use(async ({ store }) => {
        await acceptAll(store, ["a"]);
        await expect(store.events.list({ limit: 1, after })).rejects.toMatchObject({
          name: "Problem",
          code: "bad_request",
        });
      })();
    });
  });
}

/** Twelve events, a minute apart, of two sources and in every state. */
async function mixedStates(store: Store): Promise<void> {
  const ids: string[] = [];
  for (let i = 0; i < 12; i += 1) {
    const source = i % 2 === 0 ? "github" : "stripe";
    const event = sampleEvent({ source, session_id: `s${i}`, received_at: NOW + i * 60_000 });
    ids.push((await store.events.accept(event)).event_id);
  }
  await store.events.claim(9, NOW);
  for (const id of ids.slice(0, 2)) await store.events.fail(id, 1, { at: NOW, error: "x", next_at: null });
  for (const id of ids.slice(2, 4)) await store.events.fail(id, 1, { at: NOW, error: "x", next_at: NOW + 1 });
  for (const event_id of ids.slice(4, 7)) {
    const run = sampleRun({ event_id });
    await store.runs.create(run);
    await store.runs.finish(run.run_id, 1, sampleOutcome({ event_failure: null }));
  }
}
