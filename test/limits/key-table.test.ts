import { describe, expect, test } from "bun:test";
import { KeyTable, type KnownKey } from "../../src/limits/key-table.ts";

const RUNNING: KnownKey = { fingerprint: "f", replay: null, until: Number.POSITIVE_INFINITY };

function answered(key: string): KnownKey {
  const record = { scope: "s", key, fingerprint: "f", run_id: null, status: 202, body: "", created_at: 0 };
  return { fingerprint: "f", replay: { kind: "replay", record }, until: 1 };
}

describe("KeyTable", () => {
  test("finds a key by its scope and itself", () => {
    const table = new KeyTable(10);
    table.set("s", "k", RUNNING);
    expect(table.get("s", "k")).toMatchObject(RUNNING);
    expect([table.get("other", "k"), table.get("s", "other"), table.get("k", "s")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    table.delete("s", "k");
    table.delete("s", "k");
    expect(table.get("s", "k")).toBe(undefined);
  });

  test("forgets the answered key that was asked for longest ago", () => {
    const table = new KeyTable(2);
    table.set("s", "a", answered("a"));
    table.set("t", "b", answered("b"));
    table.get("s", "a");
    table.set("u", "c", answered("c"));
    expect(table.get("t", "b")).toBe(undefined);
    expect([table.get("s", "a")?.replay?.record.key, table.get("u", "c")?.replay?.record.key]).toEqual(["a", "c"]);
  });

  test("keeps running keys whatever their number, and counts them once they are answered", () => {
    const table = new KeyTable(1);
    for (const key of ["a", "b", "c"]) table.set("s", key, RUNNING);
    for (const key of ["a", "b"]) table.set("s", key, answered(key));
    expect(table.get("s", "a")).toBe(undefined);
    expect(table.get("s", "b")?.replay?.record.key).toBe("b");
    expect(table.get("s", "c")).toMatchObject(RUNNING);
    table.set("s", "b", RUNNING); // released, so not counted any more
    table.set("s", "d", answered("d"));
    expect([table.get("s", "b")?.replay, table.get("s", "d")?.replay?.record.key]).toEqual([null, "d"]);
  });

  test("replaces what was known of a key without counting it twice", () => {
    const table = new KeyTable(2);
    table.set("s", "other", answered("other"));
    for (let i = 0; i < 5; i += 1) table.set("s", "k", answered("k"));
    expect(table.get("s", "other")).not.toBe(undefined);
  });
});
