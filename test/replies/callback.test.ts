import { describe, expect, test } from "bun:test";
import { signStandardWebhook } from "../../src/lib/standard-webhooks.ts";
import { CallbackSender } from "../../src/replies/callback.ts";
import { ManualClock } from "../support/clock.ts";
import { callbackReply, closedPort, FakeApi, NOW, openFetch, rawServer, type Serve } from "./support.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

function open(url: string, clock = new ManualClock()) {
  return new CallbackSender({
    fetch: openFetch(clock),
    clock,
    channel: "shop",
    url,
    secret: SECRET,
    allowPrivate: true,
  });
}

async function outcome(serve: Serve) {
  await using api = new FakeApi(serve);
  return await open(api.url).send(callbackReply());
}

describe("CallbackSender", () => {
  test("posts the answer as a signed Standard Webhook", async () => {
    await using api = new FakeApi(() => new Response(null, { status: 204 }));
    const reply = callbackReply({ content: "Grüße" });
    expect(await open(`${api.url}/answers?for=shop`).send(reply)).toEqual({ kind: "sent", detail: "Answered 204" });
    const [call] = api.calls;
    const timestamp = NOW / 1_000;
    expect(call).toMatchObject({ method: "POST", path: "/answers" });
    expect(call?.query.get("for")).toBe("shop");
    expect(JSON.parse(call?.body ?? "")).toEqual({
      type: "reply",
      event_id: reply.event_id,
      run_id: reply.run_id,
      source: "shop",
      session_id: "shop",
      content: "Grüße",
      model: "scripted-1",
    });
    expect(Object.fromEntries(call?.headers ?? [])).toMatchObject({
      "content-type": "application/json",
      "webhook-id": reply.reply_id,
      "zeroclaw-reply": reply.event_id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signStandardWebhook(SECRET, reply.reply_id, timestamp, Buffer.from(call?.body ?? "")),
    });
  });

  test("keeps webhook-id and body over retries, with a time and signature of each attempt's own", async () => {
    await using api = new FakeApi(() => new Response(null, { status: 500 }));
    const clock = new ManualClock();
    const sender = open(api.url, clock);
    await sender.send(callbackReply());
    clock.advance(30_000);
    await sender.send(callbackReply({ attempts: 2 }));
    const [first, second] = api.calls;
    for (const same of ["webhook-id"]) expect(second?.headers.get(same)).toBe(first?.headers.get(same) ?? "");
    expect(second?.body).toBe(first?.body ?? "");
    expect(second?.headers.get("webhook-timestamp")).toBe(String(NOW / 1_000 + 30));
    expect(second?.headers.get("webhook-signature")).not.toBe(first?.headers.get("webhook-signature") ?? "");
  });

  test.each([200, 201, 202, 204, 299])("takes %d for success", async (status) => {
    expect(await outcome(() => new Response(null, { status }))).toMatchObject({ kind: "sent" });
  });

  test("gives up on 410, which means never again", async () => {
    const result = await outcome(() => new Response("gone fishing", { status: 410 }));
    expect(result).toMatchObject({ kind: "dead", detail: expect.stringContaining("channels.shop.reply_url") });
  });

  test.each([400, 401, 404, 408, 413, 429, 500, 502, 503, 504])("tries again after %d", async (status) => {
    expect(await outcome(() => new Response("no", { status }))).toMatchObject({ kind: "retry" });
  });

  test("follows no redirect and says where to look", async () => {
    await using inner = new FakeApi(() => new Response("secret"));
    const result = await outcome(() => Response.redirect(inner.url, 308));
    expect(result).toMatchObject({ kind: "retry", detail: expect.stringContaining("reply_url") });
    expect(inner.calls).toEqual([]);
  });

  test("waits as long as the receiver asks", async () => {
    const busy = () => new Response(null, { status: 503, headers: { "retry-after": "120" } });
    expect(await outcome(busy)).toMatchObject({ kind: "retry", retryAfterMs: 120_000 });
  });

  test("tries again whether or not it may have arrived", async () => {
    using cut = rawServer((socket) => void socket.end());
    expect(await open(cut.url).send(callbackReply())).toMatchObject({ kind: "retry" });
    expect(await open(`http://127.0.0.1:${closedPort()}`).send(callbackReply())).toMatchObject({ kind: "retry" });
    expect(await open("http://127.0.0.1:9").interrupted()).toMatchObject({ kind: "retry" });
  });

  test("says little of what the receiver says, and not the secret", async () => {
    const { detail } = await outcome(() => new Response(`${SECRET} ${"x".repeat(9_000)}`, { status: 400 }));
    expect(detail.length).toBeLessThan(400);
    expect(detail).not.toContain(SECRET);
  });

  test("gives up on a reply_url that cannot be one", async () => {
    expect(await open("https://user:password@hooks.example/").send(callbackReply())).toMatchObject({
      kind: "dead",
      detail: expect.not.stringContaining("password@"),
    });
  });
});
