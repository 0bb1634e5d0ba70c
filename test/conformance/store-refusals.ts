import { describe, expect, test } from "bun:test";
import { newId } from "../../src/lib/ids.ts";
import type { StoredRefusal } from "../../src/protocol/refusal.ts";
import type { RefusalFilter, Store } from "../../src/store/store.ts";
import { NOW, pagesOf, type Use } from "./store-samples.ts";

export function refusalsSuite(use: Use): void {
  describe("refusals", () => {
    test(
      "are stored many at once, and listed newest first as they were given",
      use(async ({ store, reopen }) => {
        await store.refusals.add([]);
        const first = sampleRefusal({ delivery_id: "d-1", event: "push" });
        const later = [sampleRefusal({ at: NOW + 1 }), sampleRefusal({ at: NOW + 1 })];
        await store.refusals.add([first]);
        await store.refusals.add(later);
        const again = await reopen();
        expect(await again.refusals.list({ limit: 10 })).toEqual({ items: [...later.toReversed(), first], next: null });
      }),
    );

    test(
      "are narrowed by source, reason, request and time, alone and together",
      use(async ({ store }) => {
        const all = Array.from({ length: 12 }, (_, i) =>
          sampleRefusal({
            at: NOW + i,
            source: i % 2 ? "github" : "stripe",
            reason: i % 3 ? "wrong_signature" : "too_large",
          }),
        );
        await store.refusals.add(all);
        for (const source of [undefined, "github", "none"]) {
          for (const reason of [undefined, "too_large", "bad_body"] as const) {
            for (const since of [undefined, NOW + 6]) {
              const filter: Omit<RefusalFilter, "limit"> = {
                ...(source !== undefined && { source }),
                ...(reason !== undefined && { reason }),
                ...(since !== undefined && { since }),
              };
              const expected = all.filter(
                (row) =>
                  (source === undefined || row.source === source) &&
                  (reason === undefined || row.reason === reason) &&
                  (since === undefined || row.at >= since),
              );
              const pages = await pagesOf((after) =>
                store.refusals.list({ ...filter, limit: 2, ...(after && { after }) }),
              );
              expect([filter, pages.flat()]).toEqual([filter, expected.toReversed()]);
            }
          }
        }
        const request_id = all[4]!.request_id;
        expect((await store.refusals.list({ limit: 5, request_id })).items).toEqual([all[4]!]);
        expect((await store.refusals.list({ limit: 5, request_id, source: "github" })).items).toEqual([]);
      }),
    );

    test(
      "keep what strangers wrote, and none is lost for another's sake",
      use(async ({ store }) => {
        const texts = ["", "'; DROP TABLE refusals; --", "%_*", "ключ 🔑", "a\u0000b", "\ud800"];
        await store.refusals.add(texts.map((text) => sampleRefusal({ source: text, delivery_id: text, event: text })));
        const { items } = await store.refusals.list({ limit: 10 });
        expect(items).toHaveLength(texts.length);
        expect(
          items
            .toReversed()
            .slice(0, 4)
            .map(({ source }) => source),
        ).toEqual(texts.slice(0, 4));
      }),
    );

    test.each(["", "x", "e1", "r", "r-1", "r01", "r1-2", "\u0000"])("refuse the cursor %j", async (after) => {
      await use(async ({ store }) => {
        await store.refusals.add([sampleRefusal()]);
        await expect(store.refusals.list({ limit: 1, after })).rejects.toMatchObject({
          name: "Problem",
          code: "bad_request",
        });
      })();
    });
  });

  describe("refusals.purge", () => {
    test(
      "deletes the old ones and those beyond the latest, so many at a time, oldest first",
      use(async ({ store }) => {
        await store.refusals.add(Array.from({ length: 10 }, (_, i) => sampleRefusal({ at: NOW + i })));
        expect(await store.refusals.purge(NOW + 3, 5, 2)).toBe(2);
        expect(await times(store)).toEqual([9, 8, 7, 6, 5, 4, 3, 2]);
        expect(await store.refusals.purge(NOW + 3, 5, 2)).toBe(2); // the last old one, and one beyond the latest
        expect(await times(store)).toEqual([9, 8, 7, 6, 5, 4]);
        expect(await store.refusals.purge(NOW + 3, 5, 9)).toBe(1);
        expect(await store.refusals.purge(NOW + 3, 5, 9)).toBe(0);
        expect(await times(store)).toEqual([9, 8, 7, 6, 5]);
      }),
    );

    test(
      "deletes what is old although its clock was set back in between, and everything where none is kept",
      use(async ({ store }) => {
        await store.refusals.add([sampleRefusal({ at: NOW + 5 }), sampleRefusal({ at: NOW - 5 })]);
        expect(await store.refusals.purge(NOW, 9, 9)).toBe(1);
        expect(await times(store)).toEqual([5]);
        expect(await store.refusals.purge(0, 0, 9)).toBe(1);
        expect(await times(store)).toEqual([]);
      }),
    );
  });
}

function sampleRefusal(fields: Partial<StoredRefusal> = {}): StoredRefusal {
  return {
    request_id: newId(NOW),
    at: NOW,
    source: "github",
    reason: "wrong_signature",
    detail: "The signature in X-Hub-Signature-256 is not the body's.",
    fix: "Give channels.github.secret the secret of the webhook.",
    client: "203.0.113.7",
    size: 1_234,
    delivery_id: null,
    event: null,
    ...fields,
  };
}

async function times(store: Store): Promise<number[]> {
  return (await store.refusals.list({ limit: 100 })).items.map(({ at }) => at - NOW);
}
