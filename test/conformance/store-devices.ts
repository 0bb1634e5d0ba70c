import { describe, expect, test } from "bun:test";
import type { Lockout } from "../../src/store/store.ts";
import { NOW, sampleDevice, type Use } from "./store-samples.ts";

export function devicesSuite(use: Use): void {
  describe("devices", () => {
    test(
      "are listed as they were added, oldest first, also after a crash",
      use(async ({ store, reopen }) => {
        const phone = sampleDevice({ name: "phone 📱", scope: "owner" });
        const ci = sampleDevice({ created_at: NOW + 1, scope: "ingest", expires_at: NOW + 9, last_seen_at: NOW + 2 });
        await store.devices.add(ci);
        await store.devices.add(phone);
        expect(await (await reopen()).devices.list()).toEqual([phone, ci]);
      }),
    );

    test.each(["device_id", "token_hash"] as const)(
      "refuse a second one with the same %s, in a sentence",
      async (field) => {
        await use(async ({ store }) => {
          const first = sampleDevice();
          await store.devices.add(first);
          const second = sampleDevice({ [field]: first[field], name: "second" });
          await expect(store.devices.add(second)).rejects.toThrow(`Cannot add device "${second.device_id}"`);
          expect(await store.devices.list()).toEqual([first]);
        })();
      },
    );

    test(
      "are renamed and removed by id",
      use(async ({ store }) => {
        const [a, b, c] = [sampleDevice(), sampleDevice(), sampleDevice()];
        for (const device of [a, b, c]) await store.devices.add(device);
        expect(await store.devices.rename(a.device_id, "new name")).toBe(true);
        expect(await store.devices.rename("none", "x")).toBe(false);
        await store.devices.remove([b.device_id, c.device_id, "none"]);
        await store.devices.remove([]);
        expect(await store.devices.list()).toEqual([{ ...a, name: "new name" }]);
      }),
    );

    test(
      "keep the latest time they were seen",
      use(async ({ store }) => {
        const [a, b] = [sampleDevice(), sampleDevice({ created_at: NOW + 1, last_seen_at: NOW + 50 })];
        await store.devices.add(a);
        await store.devices.add(b);
        await store.devices.seen(
          new Map([
            [a.device_id, NOW + 10],
            [b.device_id, NOW + 10],
            ["none", NOW],
          ]),
        );
        expect((await store.devices.list()).map(({ last_seen_at }) => last_seen_at)).toEqual([NOW + 10, NOW + 50]);
      }),
    );
  });

  describe("lockouts", () => {
    test(
      "are replaced by kind and client, and survive a crash until they are cleared",
      use(async ({ store, reopen }) => {
        const code: Lockout = { kind: "code", client: "203.0.113.7", failures: 4, since: NOW, until: 0 };
        const token: Lockout = { ...code, kind: "token", failures: 30, until: NOW + 60_000 };
        const all: Lockout = { ...code, client: "*", failures: 999 };
        await store.lockouts.put([code, token, all]);
        await store.lockouts.put([{ ...code, failures: 5, until: NOW + 300_000 }]);
        await store.lockouts.put([]);
        const again = await reopen();
        expect(await again.lockouts.list()).toEqual([all, { ...code, failures: 5, until: NOW + 300_000 }, token]);
        await again.lockouts.clear();
        expect(await again.lockouts.list()).toEqual([]);
      }),
    );
  });
}
