import { describe, expect, test } from "bun:test";
import type { Channel, SampleContext } from "../../src/channels/channel.ts";
import { reachable, tester } from "../../src/gateway/tester.ts";
import { ManualClock } from "../support/clock.ts";

function scene(answer: string, status = 202, path = "") {
  const sent: { url: string; init: RequestInit }[] = [];
  const asked: { event: string | null; context: SampleContext }[] = [];
  const channel = {
    name: "shop",
    samples: ["order.created", "order.paid"],
    sample: (event: string | null, context: SampleContext) => {
      asked.push({ event, context });
      return { path, headers: { "X-Signature": "abc" }, body: new TextEncoder().encode("{}") };
    },
  } as unknown as Channel; // nothing else is asked of it
  const run = tester({
    origin: () => "http://127.0.0.1:8585",
    publicOrigin: () => "https://hooks.example.com",
    clock: new ManualClock(),
    fetch: async (url, init) => {
      sent.push({ url, init });
      return new Response(answer, { status });
    },
  });
  return { run, channel, sent, asked };
}

describe("tester", () => {
  test("sends the channel's example to the gateway's own door and tells what it was answered", async () => {
    const { run, channel, sent, asked } = scene('{"status":"accepted","event_id":"e1"}');
    expect(await run(channel, null)).toEqual({
      url: "http://127.0.0.1:8585/webhook/shop",
      event: "order.created",
      status: 202,
      answer: '{"status":"accepted","event_id":"e1"}',
      event_id: "e1",
    });
    expect(sent).toMatchObject([
      { url: "http://127.0.0.1:8585/webhook/shop", init: { method: "POST", headers: { "X-Signature": "abc" } } },
    ]);
    expect(asked).toMatchObject([{ event: null, context: { url: "https://hooks.example.com/webhook/shop" } }]);
  });

  test("shows no secret of an address that has one, and takes answers that are no JSON", async () => {
    const { run, channel, sent } = scene("<Response/>", 200, "/s3cret");
    const result = await run(channel, "order.paid");
    expect(result).toMatchObject({
      url: "http://127.0.0.1:8585/webhook/shop/[secret]",
      event: "order.paid",
      event_id: null,
    });
    expect(sent[0]?.url).toBe("http://127.0.0.1:8585/webhook/shop/s3cret");
    expect(JSON.stringify(result)).not.toContain("s3cret");
  });
});

describe("reachable", () => {
  test.each([
    ["0.0.0.0:8585", "127.0.0.1:8585"],
    ["[::]:8585", "[::1]:8585"],
    ["192.0.2.7:80", "192.0.2.7:80"],
    ["127.0.0.1:1", "127.0.0.1:1"],
  ])("turns %s into %s", (address, expected) => {
    expect(reachable(address)).toBe(expected);
  });
});
