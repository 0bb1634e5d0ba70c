import { describe, expect, test } from "bun:test";
import { NOW, sampleKey, type Use } from "./store-samples.ts";

export function keysSuite(use: Use): void {
  describe("idempotency", () => {
    test(
      "gives back what was put last, for that scope alone",
      use(async ({ store, reopen }) => {
        await store.idempotency.put(sampleKey());
        await store.idempotency.put(sampleKey({ run_id: "r", status: 200, body: "last", created_at: NOW + 5 }));
        await store.idempotency.put(sampleKey({ scope: "device-b POST /api/message", body: "b" }));
        const again = await reopen();
        expect(await again.idempotency.get(sampleKey().scope, "key-1")).toEqual(
          sampleKey({ run_id: "r", status: 200, body: "last", created_at: NOW + 5 }),
        );
        expect((await again.idempotency.get("device-b POST /api/message", "key-1"))?.body).toBe("b");
        expect(await again.idempotency.get("device-c", "key-1")).toBeNull();
      }),
    );

    test(
      "frees a key that is removed",
      use(async ({ store }) => {
        await store.idempotency.put(sampleKey());
        await store.idempotency.remove(sampleKey().scope, "key-1");
        await store.idempotency.remove(sampleKey().scope, "key-1");
        expect(await store.idempotency.get(sampleKey().scope, "key-1")).toBeNull();
      }),
    );

    test(
      "tells keys apart by every character",
      use(async ({ store }) => {
        const keys = ["k", "K", "k ", "", "ｋ", "k'; DROP TABLE idempotency; --", "🔑", "k".repeat(255)];
        for (const key of keys) await store.idempotency.put(sampleKey({ key, body: `of ${key}` }));
        for (const key of keys) {
          expect((await store.idempotency.get(sampleKey().scope, key))?.body).toBe(`of ${key}`);
        }
      }),
    );

    test(
      "purges the oldest first, as many as it may",
      use(async ({ store }) => {
        for (let i = 0; i < 10; i += 1) await store.idempotency.put(sampleKey({ key: `k${i}`, created_at: NOW + i }));
        expect(await store.idempotency.purge(NOW + 7, 3)).toBe(3);
        expect(await store.idempotency.get(sampleKey().scope, "k2")).toBeNull();
        expect(await store.idempotency.get(sampleKey().scope, "k3")).not.toBeNull();
        expect(await store.idempotency.purge(NOW + 7, 100)).toBe(4);
        expect(await store.idempotency.purge(NOW + 7, 100)).toBe(0);
        expect(await store.idempotency.get(sampleKey().scope, "k7")).not.toBeNull();
      }),
    );
  });
}
