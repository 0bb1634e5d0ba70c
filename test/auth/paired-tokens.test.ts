import { describe, expect, test } from "bun:test";
import { DeviceTable } from "../../src/auth/device-table.ts";
import { PairedTokens } from "../../src/auth/paired-tokens.ts";
import { sha256Hex } from "../../src/lib/hash.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryDeviceStore, MemoryTokenList, memoryLog } from "../support/memory-stores.ts";

const PLAIN = `zc_${"ab".repeat(32)}`;
const hash = (name: string) => sha256Hex(`token of ${name}`);

function setup() {
  const clock = new ManualClock();
  const { log, lines } = memoryLog(clock);
  const store = new MemoryDeviceStore();
  const tokens = new MemoryTokenList();
  const table = new DeviceTable(clock, log);
  const file = new PairedTokens({ tokens, store, table, clock, log });
  return { lines, store, tokens, table, file };
}

describe("PairedTokens", () => {
  test("makes a chat device of a hash that nobody knows, never more, and warns", async () => {
    const { lines, store, tokens, table, file } = setup();
    await file.follow([hash("a").toUpperCase()]);
    expect(table.authenticate("token of a")?.scope).toBe("chat");
    expect([...store.rows.values()]).toEqual([...table.list()]);
    expect(lines.join("")).toContain("Unknown hash");
    expect(tokens.writes).toBe(0);
  });

  test("makes an owner of a token in plain text, and writes its hash in its place", async () => {
    const { lines, tokens, table, file } = setup();
    tokens.entries = [hash("a"), PLAIN, PLAIN];
    await file.follow(tokens.entries);
    expect(table.authenticate(PLAIN)?.scope).toBe("owner");
    expect(tokens.entries).toEqual([hash("a"), sha256Hex(PLAIN)]);
    expect(lines.join("")).not.toContain(PLAIN);
  });

  test("takes a token in plain text from a file that cannot be written, and warns once", async () => {
    const { lines, tokens, table, file } = setup();
    tokens.failure = new Error("The file is read-only");
    await file.follow([PLAIN]);
    await file.follow([PLAIN]);
    expect(table.authenticate(PLAIN)?.scope).toBe("owner");
    expect(lines.filter((line) => line.includes("plain text"))).toHaveLength(1);
  });

  test("warns once of an entry that it does not understand, by its position, and keeps it", async () => {
    const { lines, tokens, table, file } = setup();
    tokens.entries = [hash("a"), "my laptop"];
    await file.add(hash("b"));
    await file.add(hash("c"));
    expect(tokens.entries).toEqual([hash("a"), "my laptop", hash("b"), hash("c")]);
    expect(table.list()).toHaveLength(2); // the added ones are made by who adds them; b was there when c came
    const warnings = lines.filter((line) => line.includes("Ignored an entry"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('"position":2');
    expect(warnings[0]).not.toContain("my laptop");
  });

  test("ends devices whose hash is gone, and forgets their rows", async () => {
    const { store, table, file } = setup();
    await file.follow([hash("a"), hash("b")]);
    await file.follow([hash("b")]);
    expect([table.authenticate("token of a"), store.rows.size]).toEqual([null, 1]);
    expect(table.authenticate("token of b")).not.toBe(null);
  });

  test("lets a device in that the store could not save", async () => {
    const { lines, store, table, file } = setup();
    store.failure = new StoreUnavailable("The disk is full");
    await file.follow([hash("a")]);
    expect(table.authenticate("token of a")).not.toBe(null);
    expect(lines.join("")).toContain("The disk is full");
  });

  test("takes back a hash whose write failed after it had landed", async () => {
    const { tokens, table, file } = setup();
    const write = tokens.write.bind(tokens);
    let failures = 1;
    tokens.write = async (entries) => {
      await write(entries);
      if (failures-- > 0) throw new Error("The sync failed");
    };
    await expect(file.add(hash("a"))).rejects.toThrow("The sync failed");
    expect(tokens.entries).toEqual([]);
    failures = 2;
    await expect(file.add(hash("a"))).rejects.toThrow("The sync failed");
    tokens.entries = [hash("a")]; // not even taking it back worked
    await file.follow(tokens.entries);
    expect(table.list()).toEqual([]);
    await file.add(hash("b"));
    expect(tokens.entries).toEqual([hash("b")]);
  });

  test("keeps a hash out that could not be removed, until a person or the next write removes it", async () => {
    const { tokens, table, file } = setup();
    tokens.entries = [hash("a"), hash("b")];
    await file.follow(tokens.entries);
    table.end(table.authenticate("token of a")?.device_id ?? "");
    tokens.failure = new Error("The file is read-only");
    await expect(file.remove(hash("a"))).rejects.toThrow("read-only");
    await file.follow(tokens.entries);
    expect(table.authenticate("token of a")).toBe(null);
    tokens.failure = null;
    await file.add(hash("c"));
    expect(tokens.entries).toEqual([hash("b"), hash("c")]);
    await file.follow(tokens.entries);
    await file.follow([hash("a")]); // a person means it
    expect(table.authenticate("token of a")).not.toBe(null);
  });
});
