import { describe, expect, test } from "bun:test";
import { Grants } from "../../src/gateway/grants.ts";
import { CountingRandom } from "../support/services.ts";

const OWNER = { reach: "owner", device_id: "a", session_id: "device:a" } as const;

function grantsOf(current: ReadonlySet<string> = new Set(["a"])): Grants {
  const origin = () => "http://127.0.0.1:8585";
  return new Grants({ origin, isCurrent: (device_id) => current.has(device_id), random: new CountingRandom() });
}

describe("Grants", () => {
  test("give an owner's turn an address and a token that speaks for its device and conversation", () => {
    const grants = grantsOf();
    const grant = grants.make(OWNER);
    expect(grant?.url).toBe("http://127.0.0.1:8585/mcp");
    expect(grant?.token).toMatch(/^zc_[0-9a-f]{64}$/);
    expect(grants.authenticate(grant?.token ?? "")).toMatchObject({
      device_id: "a",
      session_id: "device:a",
      scope: "owner",
      local: false,
    });
    expect(grants.authenticate(`zc_${"0".repeat(64)}`)).toBeNull();
  });

  test.each([
    ["a stranger's turn", { ...OWNER, reach: "channel" }],
    ["a chat device's turn", { ...OWNER, reach: "chat" }],
    ["a turn of nobody's", { ...OWNER, device_id: null }],
  ] as const)("give %s nothing", (_whose, turn) => {
    expect(grantsOf().make(turn)).toBeNull();
  });

  test("end when they are revoked, and when their device is", () => {
    const current = new Set(["a"]);
    const grants = grantsOf(current);
    const [first, second] = [grants.make(OWNER), grants.make(OWNER)];
    first?.revoke();
    expect(grants.authenticate(first?.token ?? "")).toBeNull();
    expect(grants.authenticate(second?.token ?? "")).not.toBeNull();
    current.clear();
    expect(grants.authenticate(second?.token ?? "")).toBeNull();
    expect(grants.size).toBe(0);
  });

  test("are at most a thousand", () => {
    const grants = grantsOf();
    const made = Array.from({ length: 1_001 }, () => grants.make(OWNER));
    expect(made.at(-1)).toBeNull();
    made[0]?.revoke();
    expect(grants.make(OWNER)).not.toBeNull();
  });
});
