import { describe, expect, test } from "bun:test";
import { promptOf, retryAt } from "../../src/gateway/prompt.ts";
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
    response: null,
    model: null,
    ...other,
  };
}

const QUESTION = '{"message":"/devices"}';
const scoped = (scope: Scope | null) => () => scope;

describe("promptOf", () => {
  test.each([
    ["owner", "owner"],
    ["chat", "chat"],
    ["ingest", "channel"],
    [null, "channel"],
  ] as const)(
    "gives a question of a device with the scope %p the reach %s, and it is the device's own",
    (scope, reach) => {
      expect(promptOf(event(QUESTION), scoped(scope))).toEqual({ text: "/devices", reach, device_id: "d" });
    },
  );

  test("gives what strangers wrote the reach of its own session, whoever brought it", () => {
    for (const stranger of [
      event('{"message":"/devices","x":1}'),
      event("/devices", { content_type: "text/plain" }),
      event(QUESTION, { source: "github" }),
      event(QUESTION, { device_id: null }),
    ]) {
      const { reach, device_id } = promptOf(stranger, scoped("owner"));
      expect([reach, device_id]).toEqual(["channel", null]);
    }
  });
});

describe("retryAt", () => {
  test("tries an event again after about 5 s, and gives up after the sixth time", () => {
    const at = retryAt(event('{"a":1}'), 1_000, random);
    expect(at).toBeGreaterThan(1_000 + 3_999);
    expect(at).toBeLessThan(1_000 + 6_001);
    expect(retryAt(event('{"a":1}', { attempts: 7 }), 1_000, random)).toBeNull();
  });

  test("does not try a question again: who asked was told that it failed", () => {
    expect(retryAt(event(QUESTION), 1_000, random)).toBeNull();
  });
});
