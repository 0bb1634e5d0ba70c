import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Devices } from "../../src/auth/devices.ts";
import { Lockouts } from "../../src/auth/lockouts.ts";
import { Pairing } from "../../src/auth/pairing.ts";
import { Problem } from "../../src/protocol/problem.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { ManualClock } from "../support/clock.ts";
import {
  MemoryDeviceStore,
  MemoryLockoutStore,
  MemoryTokenList,
  memoryLog,
  seededRandom,
} from "../support/memory-stores.ts";

const MINUTE = 60_000;
const HOME = "192.0.2.1";

function setup() {
  const clock = new ManualClock();
  const { log, lines } = memoryLog(clock);
  const store = new MemoryDeviceStore();
  const tokens = new MemoryTokenList();
  const random = seededRandom(7);
  const devices = new Devices({ store, tokens, clock, random, log });
  const lockouts = new Lockouts({ clock, store: new MemoryLockoutStore(), log });
  const pairing = new Pairing({ clock, random, devices, lockouts, log });
  const current = () => pairing.current()?.code ?? "none";
  /** The scope that a code brought, or the code of the problem. */
  const pair = async (code: string, client = HOME): Promise<string> => {
    try {
      return (await pairing.pair({ code, client })).device.scope;
    } catch (error) {
      if (error instanceof Problem) return error.code;
      throw error;
    }
  };
  return { clock, lines, store, tokens, devices, lockouts, pairing, current, pair };
}

/** A wrong code, a new one each time. */
function* wrong(): Generator<string, never> {
  for (let i = 0; ; i = (i + 1) % 10_000) yield `AAAA-${String(i).padStart(4, "0")}-AAAA`;
}

describe("Pairing.pair", () => {
  test("trades the code for an owner's token, however it was typed", async () => {
    const { pairing, devices, current } = setup();
    const { token, device } = await pairing.pair({
      code: ` ${current().toLowerCase().replaceAll("-", "")} `,
      client: HOME,
      deviceName: "laptop",
    });
    expect(device).toMatchObject({ name: "laptop", scope: "owner" });
    expect(devices.authenticate(token)?.device_id).toBe(device.device_id);
  });

  test("takes a code once", async () => {
    const { current, pair } = setup();
    const code = current();
    expect([await pair(code), await pair(code), current()]).toEqual(["owner", "invalid_code", "none"]);
  });

  test("gives one token to any number who send the code at once", async () => {
    const { devices, current, pair } = setup();
    const code = current();
    const results = await Promise.all(Array.from({ length: 5 }, (_, i) => pair(code, `192.0.2.${i}`)));
    expect(results.sort()).toEqual(["invalid_code", "invalid_code", "invalid_code", "invalid_code", "owner"]);
    expect(devices.list()).toHaveLength(1);
  });

  test("refuses a code at 15 minutes, and takes it the moment before", async () => {
    const early = setup();
    const code = early.current();
    early.clock.advance(15 * MINUTE - 1);
    expect(await early.pair(code)).toBe("owner");
    const late = setup();
    late.clock.advance(15 * MINUTE);
    expect([late.current(), await late.pair(code)]).toEqual(["none", "invalid_code"]);
  });

  test("lets no clock prolong a code: neither one set back nor one that stood still", async () => {
    const setBack = setup();
    const code = setBack.current();
    setBack.clock.setWallTime(setBack.clock.now() - 86_400_000);
    setBack.clock.advance(15 * MINUTE);
    expect(await setBack.pair(code)).toBe("invalid_code");
    const slept = setup();
    slept.clock.setWallTime(slept.clock.now() + 15 * MINUTE);
    expect(await slept.pair(code)).toBe("invalid_code");
  });

  test("answers wrong, spent, expired and shapeless codes with the same words", async () => {
    const { clock, pairing, current } = setup();
    const spent = current();
    await pairing.pair({ code: spent, client: HOME });
    const expired = pairing.renew().code;
    clock.advance(15 * MINUTE);
    const bodies = new Set<string>();
    for (const code of [spent, expired, "AAAA-0000-AAAA", "hello", "", "x".repeat(1_000)]) {
      const problem = await pairing
        .pair({ code, client: `10.0.0.${code.length % 256}` })
        .catch((error: unknown) => error);
      bodies.add(problem instanceof Problem ? JSON.stringify([problem.body("id"), problem.headers]) : "no problem");
    }
    expect(bodies.size).toBe(1);
    expect([...bodies][0]).toContain("invalid_code");
  });

  test("locks an address after five codes, shaped like one or not, the right one included", async () => {
    const { clock, current, pair } = setup();
    for (const code of ["AAAA-0000-AAAA", "hello", "", "1234", "BBBB-0000-BBBB"])
      expect(await pair(code)).toBe("invalid_code");
    expect([await pair(current()), await pair(current(), "192.0.2.2")]).toEqual(["locked_out", "owner"]);
    clock.advance(300_000);
    expect(await pair("AAAA-0000-AAAA")).toBe("invalid_code");
  });

  test("says how long a lock lasts", async () => {
    const { pairing, pair } = setup();
    for (const code of ["1", "2", "3", "4", "5"]) await pair(code);
    const problem = await pairing.pair({ code: "6", client: HOME }).catch((error: unknown) => error);
    expect(problem).toMatchObject({
      code: "locked_out",
      status: 429,
      retryAfter: 300,
      headers: { "Retry-After": "300" },
    });
  });

  test("forgives an address its wrong codes once it sends a right one", async () => {
    const { pairing, current, pair } = setup();
    for (const code of ["1", "2", "3", "4"]) await pair(code);
    expect(await pair(current())).toBe("owner");
    for (const code of ["1", "2", "3", "4"]) await pair(code);
    expect(await pair(pairing.renew().code)).toBe("owner");
  });

  test("keeps the code and leaves nothing behind when the token cannot be saved", async () => {
    const { store, tokens, devices, lines, current, pair } = setup();
    const code = current();
    tokens.failure = Object.assign(new Error("read-only"), { name: "ConfigReadOnly" });
    expect([await pair(code), store.rows.size, tokens.entries]).toEqual(["config_read_only", 0, []]);
    tokens.failure = null;
    store.failure = new StoreUnavailable("The disk is full");
    expect([await pair(code), tokens.entries, devices.list()]).toEqual(["store_unavailable", [], []]);
    store.failure = null;
    expect([await pair(code), devices.list().length]).toEqual(["owner", 1]);
    expect(lines.join("")).not.toContain(code);
  });

  test("does not give a failed code back when it was renewed meanwhile", async () => {
    const { tokens, pairing, current, pair } = setup();
    const code = current();
    const gate = Promise.withResolvers<void>();
    tokens.gate = gate.promise;
    tokens.failure = new Error("read-only");
    const paired = pair(code);
    const renewed = pairing.renew().code;
    gate.resolve();
    expect(await paired).toBe("config_read_only");
    tokens.failure = null;
    expect([await pair(code), await pair(renewed)]).toEqual(["invalid_code", "owner"]);
  });

  test("replaces the owner's code after 1,000 wrong ones, without prolonging it", async () => {
    const { clock, lines, pairing, current, pair } = setup();
    const before = pairing.current();
    clock.advance(10 * MINUTE);
    const codes = wrong();
    for (let i = 0; i < 999; i += 1) await pair(codes.next().value, `10.0.${i >> 8}.${i & 255}`);
    expect(current()).toBe(before?.code ?? "");
    await pair(codes.next().value, "203.0.113.1");
    expect(pairing.current()?.expires_at).toBe(before?.expires_at ?? 0);
    expect([await pair(before?.code ?? ""), await pair(current())]).toEqual(["invalid_code", "owner"]);
    expect(lines.join("")).toContain("1,000 wrong pairing codes");
  });

  test("makes no code live by wrong ones when none was", async () => {
    const { current, pair } = setup();
    await pair(current());
    const codes = wrong();
    for (let i = 0; i < 1_000; i += 1) await pair(codes.next().value, `10.0.${i >> 8}.${i & 255}`);
    expect(current()).toBe("none");
  });

  test("survives any text as a code", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 80 }), async (text) => {
        expect(["invalid_code", "locked_out"]).toContain(await setup().pair(text));
      }),
      { numRuns: 50 },
    );
  });
});

describe("Pairing's codes", () => {
  test("are shown with the time they expire, and renewed by a new one that voids the old", async () => {
    const { clock, pairing, current, pair } = setup();
    const first = pairing.current();
    expect(first?.expires_at).toBe(clock.now() + 15 * MINUTE);
    clock.advance(MINUTE);
    const second = pairing.renew();
    expect(pairing.current()).toEqual(second);
    expect(second.expires_at).toBe(clock.now() + 15 * MINUTE);
    expect([await pair(first?.code ?? ""), await pair(current())]).toEqual(["invalid_code", "owner"]);
  });

  test("can be minted beside the owner's, each with its own scope and name", async () => {
    const { pairing, current, pair } = setup();
    const chat = pairing.mint({ scope: "chat", device_name: "phone" });
    const ingest = pairing.mint({ scope: "ingest" });
    const paired = await pairing.pair({ code: chat.code, client: HOME, deviceName: "pretends to be another" });
    expect(paired.device).toMatchObject({ scope: "chat", name: "phone" });
    expect([await pair(chat.code), await pair(ingest.code), await pair(current())]).toEqual([
      "invalid_code",
      "ingest",
      "owner",
    ]);
  });

  test("are at most 16 beside the owner's; spent and expired ones make room", async () => {
    const { clock, pairing, pair } = setup();
    const codes = Array.from({ length: 16 }, () => pairing.mint({ scope: "chat" }).code);
    expect(() => pairing.mint({ scope: "chat" })).toThrow(
      expect.objectContaining({ code: "rate_limited", retryAfter: 900 }),
    );
    expect(await pair(codes[3] ?? "")).toBe("chat");
    pairing.mint({ scope: "chat" });
    expect(() => pairing.mint({ scope: "chat" })).toThrow(Problem);
    clock.advance(15 * MINUTE);
    expect(await pair(codes[4] ?? "")).toBe("invalid_code");
    pairing.mint({ scope: "chat" });
  });
});
