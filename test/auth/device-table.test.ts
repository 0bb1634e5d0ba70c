import { describe, expect, test } from "bun:test";
import { DeviceTable } from "../../src/auth/device-table.ts";
import { sha256Hex } from "../../src/lib/hash.ts";
import type { StoredDevice } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { memoryLog } from "../support/memory-stores.ts";

function setup() {
  const clock = new ManualClock();
  const { log, lines } = memoryLog(clock);
  const table = new DeviceTable(clock, log);
  const told: string[] = [];
  table.onEnded((device_id) => told.push(`${device_id} ended`));
  table.onChange(({ device_id, name }, change) => told.push(`${device_id} (${name}) ${change}`));
  const device = (id: string, more: Partial<StoredDevice> = {}): StoredDevice => ({
    device_id: id,
    token_hash: sha256Hex(`token of ${id}`),
    name: id,
    scope: "chat",
    created_at: clock.now(),
    last_seen_at: null,
    expires_at: null,
    ...more,
  });
  return { clock, lines, table, told, device };
}

describe("DeviceTable", () => {
  test("finds the principal of a token, the same object every time", () => {
    const { table, device } = setup();
    table.add(device("a", { name: "laptop", scope: "owner" }));
    const principal = table.authenticate("token of a");
    expect(principal).toEqual({ device_id: "a", name: "laptop", scope: "owner", local: false });
    expect(table.authenticate("token of a")).toBe(principal);
  });

  test("knows nobody by a wrong, empty or overlong token, nor by the hash itself", () => {
    const { table, device } = setup();
    table.add(device("a", { token_hash: sha256Hex("x".repeat(300)) }));
    table.add(device("b"));
    for (const token of ["", "token of c", "TOKEN OF B", "x".repeat(300), sha256Hex("token of b"), "__proto__"]) {
      expect([token, table.authenticate(token)]).toEqual([token, null]);
    }
  });

  test("refuses a device from the moment it expires, and says so once", () => {
    const { clock, table, told, device } = setup();
    table.restore(device("a", { expires_at: clock.now() + 1_000 }));
    clock.advance(999);
    expect(table.authenticate("token of a")?.device_id).toBe("a");
    clock.advance(1);
    expect(table.authenticate("token of a")).toBe(null);
    clock.advance(10_000);
    expect(told).toEqual(["a ended"]);
    expect(table.list()).toHaveLength(1);
  });

  test("ends a device at once and tells who listens, until they stop", () => {
    const { table, told, device } = setup();
    table.add(device("a"));
    table.end("a");
    table.end("a");
    expect([table.authenticate("token of a"), table.list()]).toEqual([null, []]);
    expect(told).toEqual(["a (a) added", "a ended", "a (a) ended"]);
    const more: string[] = [];
    const stop = table.onEnded((device_id) => more.push(device_id));
    stop();
    table.add(device("b"));
    table.end("b");
    expect(more).toEqual([]);
  });

  test("tells the others when one listener throws", () => {
    const { table, lines, device } = setup();
    const heard: string[] = [];
    table.onChange(() => {
      throw new Error("A bug");
    });
    table.onChange(({ device_id }, change) => heard.push(`${device_id} ${change}`));
    table.add(device("a"));
    table.end("a");
    expect(heard).toEqual(["a added", "a ended"]);
    expect(lines.join("")).toContain("A bug");
  });

  test("renames, and keeps when the device was last seen", () => {
    const { table, told, device } = setup();
    table.add(device("a"));
    expect([table.seen("a", 42), table.seen("b", 42)]).toEqual([true, false]);
    table.rename("a", "phone");
    table.rename("b", "nobody");
    expect(table.list()).toEqual([device("a", { name: "phone", last_seen_at: 42 })]);
    expect([table.get("a")?.name, table.authenticate("token of a")?.name]).toEqual(["phone", "phone"]);
    expect(told).toEqual(["a (a) added", "a (phone) renamed"]);
  });
});
