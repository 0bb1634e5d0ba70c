import { describe, expect, test } from "bun:test";
import type { Channel, Plan } from "../../src/channels/channel.ts";
import { type PlanParts, planOf, retryAt } from "../../src/gateway/prompt.ts";
import type { EventWithBody } from "../../src/protocol/event.ts";
import type { Scope } from "../../src/protocol/principal.ts";

const random = { bytes: (length: number) => new Uint8Array(length).fill(127) };

function event(body: string, other: Partial<EventWithBody> = {}): EventWithBody {
  return {
    event_id: "e",
    source: "webhook",
    type: "message",
    delivery_id: null,
    state: "running",
    attempts: 1,
    session_id: "webhook",
    device_id: "d",
    received_at: 0,
    updated_at: 0,
    size: body.length,
    content_type: "application/json",
    error: null,
    headers: {},
    body: new TextEncoder().encode(body),
    purged: false,
    tries: 1,
    response: null,
    model: null,
    ...other,
  };
}

const QUESTION = '{"message":"/devices"}';

function partsOf(scope: Scope | null, channels: PlanParts["channels"] = new Map()): PlanParts {
  return { channels, plans: new WeakMap(), config: {}, scopeOf: () => scope, random };
}

/** A channel of which only `plan` is asked. */
function channelWith(plan: Plan): Channel {
  return { name: "github", plan: () => plan } as unknown as Channel; // nothing else is looked at
}

describe("planOf", () => {
  test.each([
    ["owner", "owner"],
    ["chat", "chat"],
    ["ingest", "channel"],
    [null, "channel"],
  ] as const)(
    "gives a question of a device with the scope %p the reach %s, and it is the device's own",
    async (scope, reach) => {
      expect(await planOf(partsOf(scope), event(QUESTION))).toEqual({ text: "/devices", reach, device_id: "d" });
    },
  );

  test("gives what strangers wrote the reach of its own session, whoever brought it, and fences it", async () => {
    const github = new Map([["github", channelWith({ run: true, reply: null })]]);
    for (const stranger of [
      event('{"message":"/devices","x":1}'),
      event("/devices", { content_type: "text/plain" }),
      event(QUESTION, { source: "github" }),
      event(QUESTION, { device_id: null }),
    ]) {
      const plan = await planOf(partsOf("owner", github), stranger);
      expect(plan).toMatchObject({ reach: "channel", device_id: null });
      expect("text" in plan && plan.text).toContain("7f7f7f7f7f7f");
    }
  });

  test("only stores what its channel says nobody answers", async () => {
    const channels = new Map([["github", channelWith({ run: false, reason: "A ping." })]]);
    expect(await planOf(partsOf(null, channels), event("{}", { source: "github" }))).toEqual({ stored: "A ping." });
  });

  test.each([
    ["is not there any more", new Map(), "is not configured any more"],
    ["is off", new Map([["github", { name: "github", off: "no secret" }]]), "is off: no secret"],
  ] as const)("fails while its channel %s, so that the event waits", async (_what, channels, why) => {
    await expect(planOf(partsOf(null, channels), event("{}", { source: "github" }))).rejects.toThrow(why);
  });
});

describe("retryAt", () => {
  test("tries an event again after about 5 s, and gives up after the sixth time", () => {
    const at = retryAt(event('{"a":1}'), 1_000, random);
    expect(at).toBeGreaterThan(1_000 + 3_999);
    expect(at).toBeLessThan(1_000 + 6_001);
    expect(retryAt(event('{"a":1}', { attempts: 9, tries: 7 }), 1_000, random)).toBeNull();
  });

  test("does not try a question again: who asked was told that it failed", () => {
    expect(retryAt(event(QUESTION), 1_000, random)).toBeNull();
  });
});
