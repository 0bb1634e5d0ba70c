import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Devices } from "../../src/auth/devices.ts";
import { sha256Hex } from "../../src/lib/hash.ts";
import { Problem, type ProblemCode } from "../../src/protocol/problem.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import { MemoryDeviceStore, MemoryTokenList, memoryLog, seededRandom } from "../support/memory-stores.ts";

function setup({ store = new MemoryDeviceStore(), tokens = new MemoryTokenList() } = {}) {
  const clock = new ManualClock();
  const { log, lines } = memoryLog(clock);
  const devices = new Devices({ store, tokens, clock, random: seededRandom(1), log });
  const mint = (name = "laptop") => devices.mint({ name, scope: "chat" });
  return { clock, lines, store, tokens, devices, mint };
}

async function codeOf(failing: Promise<unknown>): Promise<ProblemCode | "none"> {
  try {
    await failing;
    return "none";
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}

describe("Devices.mint", () => {
  test("gives out a token of 32 random bytes and keeps its hash only, in file and store", async () => {
    const { clock, store, tokens, devices } = setup();
    const { token, device } = await devices.mint({ name: "laptop", scope: "owner", expires_at: clock.now() + 5 });
    expect(token).toMatch(/^zc_[0-9a-f]{64}$/);
    expect(tokens.entries).toEqual([sha256Hex(token)]);
    expect([...store.rows.values()]).toEqual([device]);
    expect(device).toMatchObject({
      name: "laptop",
      scope: "owner",
      created_at: clock.now(),
      expires_at: clock.now() + 5,
    });
    expect(JSON.stringify([...store.rows.values(), tokens.entries])).not.toContain(token.slice(3));
    expect(devices.authenticate(token)).toEqual({
      device_id: device.device_id,
      name: "laptop",
      scope: "owner",
      local: false,
    });
  });

  test("leaves nothing when the file cannot be written", async () => {
    const { store, tokens, devices, mint } = setup();
    await mint("before");
    const entries = tokens.entries;
    tokens.failure = Object.assign(new Error("read-only"), { name: "ConfigReadOnly" });
    expect(await codeOf(mint())).toBe("config_read_only");
    expect([tokens.entries, store.rows.size, devices.list().length]).toEqual([entries, 1, 1]);
  });

  test("leaves nothing when the store cannot be written", async () => {
    const { store, tokens, devices, mint } = setup();
    store.failure = new StoreUnavailable("The disk is full");
    expect(await codeOf(mint())).toBe("store_unavailable");
    expect([tokens.entries, tokens.writes, store.rows.size, devices.list()]).toEqual([[], 0, 0, []]);
  });

  test("gives out no token while the save is under way", async () => {
    const { tokens, devices, mint } = setup();
    const gate = Promise.withResolvers<void>();
    tokens.gate = gate.promise;
    const minted = mint();
    await new Promise(setImmediate);
    expect(devices.list()).toEqual([]);
    gate.resolve();
    expect(devices.authenticate((await minted).token)).not.toBe(null);
  });

  test("keeps what a person added to the file meanwhile", async () => {
    const { tokens, devices, mint } = setup();
    await mint();
    const added = sha256Hex("a person's token");
    tokens.entries = [...tokens.entries, added];
    await mint();
    expect(tokens.entries).toHaveLength(3);
    expect(tokens.entries).toContain(added);
    expect(devices.authenticate("a person's token")?.scope).toBe("chat");
  });

  test("cleans the name it is given", async () => {
    const { mint } = setup();
    expect((await mint("\u001b[31m evil\u202e")).device.name).toBe("[31m evil");
    expect((await mint("\u0000")).device.name).toBe("unnamed device");
  });
});

describe("Devices.load", () => {
  test("brings back devices with their names and scopes after a restart", async () => {
    const { store, tokens, devices, mint } = setup();
    const { token } = await mint("laptop");
    await devices.mint({ name: "ci", scope: "ingest" });
    const after = setup({ store, tokens });
    await after.devices.load();
    expect(after.devices.list()).toEqual(devices.list());
    expect(after.devices.authenticate(token)?.name).toBe("laptop");
    expect(after.tokens.writes).toBe(2); // only the two of before
  });

  test("ends a device whose hash a person removed while the gateway was down", async () => {
    const { store, tokens, mint } = setup();
    const { token } = await mint();
    tokens.entries = [];
    const after = setup({ store, tokens });
    await after.devices.load();
    expect([after.devices.authenticate(token), after.store.rows.size]).toEqual([null, 0]);
  });

  test("gives no more than chat to the tokens of a lost database", async () => {
    const { tokens, devices } = setup();
    const { token } = await devices.mint({ name: "laptop", scope: "owner" });
    const after = setup({ tokens });
    await after.devices.load();
    expect(after.devices.authenticate(token)?.scope).toBe("chat");
  });

  test("hashes a token that a person wrote into the file, whose device is an owner", async () => {
    const { tokens, devices } = setup();
    const token = `zc_${"cd".repeat(32)}`;
    tokens.entries = [token];
    await devices.load();
    expect([devices.authenticate(token)?.scope, tokens.entries]).toEqual(["owner", [sha256Hex(token)]]);
  });

  test("fails when the file cannot be read, and lets nobody in", async () => {
    const { store, tokens, mint } = setup();
    const { token } = await mint();
    const after = setup({ store, tokens });
    tokens.read = async () => {
      throw new Error("The file is broken");
    };
    await expect(after.devices.load()).rejects.toThrow("The file is broken");
    expect(after.devices.authenticate(token)).toBe(null);
  });
});

describe("Devices.revoke", () => {
  test("ends a device everywhere and tells who listens", async () => {
    const { store, tokens, devices, mint } = setup();
    const kept = await mint();
    const { token, device } = await mint();
    const ended: string[] = [];
    devices.onEnded((device_id) => ended.push(device_id));
    expect(await devices.revoke(device.device_id)).toBe(true);
    expect([devices.authenticate(token), ended]).toEqual([null, [device.device_id]]);
    expect([tokens.entries, store.rows.size]).toEqual([[kept.device.token_hash], 1]);
    expect(await devices.revoke(device.device_id)).toBe(false);
    expect(devices.authenticate(kept.token)).not.toBe(null);
  });

  test("voids the token although the file cannot be written, and says that the file keeps it", async () => {
    const { store, tokens, devices, mint } = setup();
    const { token, device } = await mint();
    tokens.failure = new Error("read-only");
    expect(await codeOf(devices.revoke(device.device_id))).toBe("config_read_only");
    await devices.sync(tokens.entries);
    expect(devices.authenticate(token)).toBe(null);
    const after = setup({ store, tokens });
    await after.devices.load();
    expect(after.devices.authenticate(token)?.device_id).toBe(device.device_id); // as the answer said
  });

  test("forgets the row at the next start when the store fails", async () => {
    const { store, tokens, devices, mint } = setup();
    const { device } = await mint();
    store.failure = new StoreUnavailable("The disk is full");
    expect(await devices.revoke(device.device_id)).toBe(true);
    store.failure = null;
    await setup({ store, tokens }).devices.load();
    expect(store.rows.size).toBe(0);
  });
});

describe("Devices.rename", () => {
  test("changes the name everywhere", async () => {
    const { store, devices, mint } = setup();
    const { token, device } = await mint();
    expect(await devices.rename(device.device_id, " phone ")).toBe(true);
    expect([devices.list()[0]?.name, store.rows.get(device.device_id)?.name]).toEqual(["phone", "phone"]);
    expect(devices.authenticate(token)?.name).toBe("phone");
    expect(await devices.rename("nobody", "phone")).toBe(false);
  });

  test("refuses a name with nothing in it, and changes nothing when the store fails", async () => {
    const { store, devices, mint } = setup();
    const { device } = await mint();
    expect(await codeOf(devices.rename(device.device_id, "\u200b "))).toBe("bad_field");
    store.failure = new StoreUnavailable("The disk is full");
    expect(await codeOf(devices.rename(device.device_id, "phone"))).toBe("store_unavailable");
    expect(devices.list()[0]?.name).toBe("laptop");
  });

  test("saves a device whose row is missing", async () => {
    const { store, devices, mint } = setup();
    const { device } = await mint();
    store.rows.clear();
    expect(await devices.rename(device.device_id, "phone")).toBe(true);
    expect(store.rows.get(device.device_id)).toEqual({ ...device, name: "phone" });
  });
});

describe("Devices.clear", () => {
  test("ends everyone, also those of before a restart that were not loaded", async () => {
    const { store, tokens, mint } = setup();
    await mint();
    const after = setup({ store, tokens });
    await after.devices.clear();
    expect([tokens.entries, store.rows.size, after.devices.list()]).toEqual([[], 0, []]);
  });

  test("ends nobody when the file cannot be written", async () => {
    const { tokens, devices, mint } = setup();
    const { token } = await mint();
    tokens.failure = new Error("read-only");
    expect(await codeOf(devices.clear())).toBe("config_read_only");
    expect(devices.authenticate(token)).not.toBe(null);
  });
});

describe("Devices.sync", () => {
  test("follows a person's edit: removed hashes end their devices, added ones appear", async () => {
    const { tokens, devices, mint } = setup();
    const { token, device } = await mint();
    const changes: string[] = [];
    devices.onChange(({ device_id }, change) =>
      changes.push(`${device_id === device.device_id ? "old" : "new"} ${change}`),
    );
    tokens.entries = [sha256Hex("a person's token")];
    await devices.sync(tokens.entries);
    expect([devices.authenticate(token), devices.authenticate("a person's token")?.scope]).toEqual([null, "chat"]);
    expect(changes).toEqual(["old ended", "new added"]);
  });

  test("does not undo a change that ran after the file was read", async () => {
    const { tokens, devices, mint } = setup();
    const before = tokens.entries;
    const minted = mint();
    const synced = devices.sync(before); // read before, runs after
    const { token } = await minted;
    await synced;
    expect(devices.authenticate(token)).not.toBe(null);
  });

  test("follows what it was given when the file cannot be read again", async () => {
    const { tokens, devices, mint } = setup();
    const { token } = await mint();
    tokens.read = async () => {
      throw new Error("The file is half-saved");
    };
    await devices.sync([]);
    expect(devices.authenticate(token)).toBe(null);
  });
});

describe("Devices", () => {
  test("notes when a device was last seen and saves it when flushed", async () => {
    const { clock, store, devices, mint } = setup();
    const { device } = await mint();
    clock.advance(1_000);
    devices.touch(device.device_id);
    devices.touch("nobody");
    expect([devices.list()[0]?.last_seen_at, store.rows.get(device.device_id)?.last_seen_at]).toEqual([
      clock.now(),
      null,
    ]);
    await devices.flush();
    expect(store.rows.get(device.device_id)?.last_seen_at).toBe(clock.now());
  });

  test("loses no change when many run at once, whatever their order", async () => {
    const step = fc.record({ what: fc.constantFrom("mint", "revoke", "rename", "edit"), which: fc.nat(5) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { store, tokens, devices, mint } = setup();
        const tokensOf = new Map<string, string>();
        for (const { token, device } of await Promise.all([mint("0"), mint("1"), mint("2")]))
          tokensOf.set(device.device_id, token);
        const ids = [...tokensOf.keys()];
        const expected = new Set(tokensOf.values());
        const work = steps.map(async ({ what, which }) => {
          const id = ids[which % ids.length] ?? "";
          if (what === "mint") expected.add((await mint()).token);
          if (what === "revoke") {
            expected.delete(tokensOf.get(id) ?? "");
            await devices.revoke(id);
          }
          if (what === "rename") await devices.rename(id, "renamed");
          if (what === "edit") await devices.sync(tokens.entries);
        });
        await Promise.all(work);
        for (const token of expected) expect(devices.authenticate(token)).not.toBe(null);
        const hashes = [...expected].map((token) => sha256Hex(token)).sort();
        expect(
          devices
            .list()
            .map(({ token_hash }) => token_hash)
            .sort(),
        ).toEqual(hashes);
        expect([...tokens.entries].sort()).toEqual(hashes);
        expect([...store.rows.values()].map(({ token_hash }) => token_hash).sort()).toEqual(hashes);
      }),
      { numRuns: 50 },
    );
  });
});

describe("Devices.isCurrent", () => {
  test("holds until the device is revoked or its token expires", async () => {
    const { clock, devices, mint } = setup();
    const lasting = await mint();
    const brief = await devices.mint({ name: "visitor", scope: "chat", expires_at: clock.now() + 1_000 });
    const current = () => [lasting, brief].map(({ device }) => devices.isCurrent(device.device_id));
    expect(current()).toEqual([true, true]);
    clock.advance(1_000);
    expect(current()).toEqual([true, false]);
    await devices.revoke(lasting.device.device_id);
    expect(current()).toEqual([false, false]);
    expect(devices.isCurrent("unknown")).toBe(false);
  });
});
