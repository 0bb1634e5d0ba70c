import { describe, expect, test } from "bun:test";
import { WhatsAppSender } from "../../src/replies/whatsapp.ts";
import { ManualClock } from "../support/clock.ts";
import { closedPort, FakeApi, openFetch, rawServer, replyOf, type Serve, until } from "./support.ts";

const TOKEN = "EAAB-token";
const accepted: Serve = (_call, i) => Response.json({ messages: [{ id: `wamid.${i}` }] });
const TARGET = {
  kind: "whatsapp",
  phone_number_id: "106540352242922",
  to: "15550001",
  message_id: "wamid.asked",
} as const;

function graphError(status: number, code: number, message = "Said Meta"): Response {
  return Response.json({ error: { message, type: "OAuthException", code, fbtrace_id: "A" } }, { status });
}

function open(graphUrl: string) {
  const clock = new ManualClock();
  const sender = new WhatsAppSender({
    fetch: openFetch(clock),
    clock,
    graphUrl,
    accessToken: TOKEN,
    allowPrivate: true,
  });
  let parts = 0;
  const partSent = async () => {
    parts += 1;
  };
  return { sender, clock, partSent, parts: () => parts };
}

/** What becomes of a reply that Meta answers so. */
async function outcome(serve: Serve, content = "Hello.") {
  await using api = new FakeApi(serve);
  const { sender, partSent, parts } = open(api.url);
  const result = await sender.send(replyOf({ content }), partSent);
  return { ...result, parts: parts(), calls: api.calls.length };
}

describe("WhatsAppSender", () => {
  test("posts a text message that quotes what it answers, with the token", async () => {
    await using api = new FakeApi(accepted);
    const { sender, partSent, parts } = open(`${api.url}/v24.0`);
    expect(await sender.send(replyOf({ content: "Grüße 👋" }), partSent)).toEqual({ kind: "sent", detail: "wamid.0" });
    expect(api.calls[0]).toMatchObject({ method: "POST", path: "/v24.0/106540352242922/messages" });
    expect(api.calls[0]?.headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
    expect(api.calls[0]?.headers.get("content-type")).toBe("application/json");
    expect(api.posted).toEqual([
      {
        messaging_product: "whatsapp",
        recipient_type: "individual",
        to: "15550001",
        context: { message_id: "wamid.asked" },
        type: "text",
        text: { preview_url: false, body: "Grüße 👋" },
      },
    ]);
    expect(parts()).toBe(1);
  });

  test("writes to a business-scoped user id as recipient, since `to` would lose it", async () => {
    await using api = new FakeApi(accepted);
    const { sender, partSent } = open(api.url);
    await sender.send(replyOf({ target: { ...TARGET, to: "US.13491208655302741918" } }), partSent);
    expect(api.posted[0]).toMatchObject({ recipient: "US.13491208655302741918" });
    expect(api.posted[0]).not.toHaveProperty("to");
  });

  test("sends a long answer in several messages, in order, and tells of each", async () => {
    await using api = new FakeApi(accepted);
    const { sender, partSent, parts } = open(api.url);
    const content = ["a", "b", "c"].map((letter) => letter.repeat(3_000)).join("\n\n");
    expect(await sender.send(replyOf({ content }), partSent)).toMatchObject({ kind: "sent", detail: "wamid.2" });
    expect(api.posted).toMatchObject(["a", "b", "c"].map((letter) => ({ text: { body: letter.repeat(3_000) } })));
    expect(api.posted.map((body) => JSON.stringify(body).includes("wamid.asked"))).toEqual([true, false, false]);
    expect(parts()).toBe(3);
  });

  test("goes on after the messages that are known to have arrived", async () => {
    await using api = new FakeApi(accepted);
    const { sender, partSent, parts } = open(api.url);
    const content = ["a", "b", "c"].map((letter) => letter.repeat(3_000)).join("\n\n");
    await sender.send(replyOf({ content, parts_sent: 2, attempts: 2 }), partSent);
    expect(api.posted).toMatchObject([{ text: { body: "c".repeat(3_000) } }]);
    expect(parts()).toBe(1);
    const before = await sender.send(replyOf({ content, parts_sent: 3, attempts: 3 }), partSent);
    expect(before).toMatchObject({ kind: "sent" });
    expect(api.calls).toHaveLength(1);
  });

  test("begins the next message only after the one before was noted, and sends none when that fails", async () => {
    await using api = new FakeApi(accepted);
    const { sender } = open(api.url);
    const noting = sender.send(replyOf({ content: "a".repeat(9_000) }), async () => {
      throw new Error("the disk is full");
    });
    await expect(noting).rejects.toThrow("the disk is full");
    expect(api.calls).toHaveLength(1);
  });

  test("sends ten messages at most and says that there was more", async () => {
    const { calls, kind } = await outcome(accepted, "word ".repeat(20_000));
    expect([calls, kind]).toEqual([10, "sent"]);
    await using api = new FakeApi(accepted);
    const { sender, partSent } = open(api.url);
    await sender.send(replyOf({ content: "x".repeat(50_000) }), partSent);
    const texts = api.posted.map((body) => JSON.stringify(body));
    expect(texts.at(-1)).toContain("too long for WhatsApp");
    for (const body of api.posted)
      expect(body).toMatchObject({ text: { body: expect.stringMatching(/^[\s\S]{1,4096}$/) } });
  });

  test.each([
    ["429 without a word", () => new Response(null, { status: 429 })],
    ["130429 as 400", () => graphError(400, 130429)],
    ["131056", () => graphError(400, 131056)],
    ["80007", () => graphError(400, 80007)],
    ["500 with Meta's error", () => graphError(500, 131000)],
    ["503 with an unknown error of Meta's", () => graphError(503, 987_654)],
  ])("tries again after %s, which was not accepted", async (_what, serve) => {
    expect(await outcome(serve)).toMatchObject({ kind: "retry", parts: 0, calls: 1 });
  });

  test("waits as long as Meta asks", async () => {
    const serve = () => new Response("{}", { status: 429, headers: { "retry-after": "17" } });
    expect(await outcome(serve)).toMatchObject({ kind: "retry", retryAfterMs: 17_000 });
  });

  test.each([
    ["131047", () => graphError(400, 131047), "24 hours"],
    ["470", () => graphError(400, 470), "24 hours"],
    ["131026", () => graphError(400, 131026), "recipient"],
    ["190", () => graphError(401, 190), "access_token"],
    ["a permission", () => graphError(403, 200), "whatsapp_business_messaging"],
    ["an unknown 4xx", () => graphError(400, 987_654), "Meta's list"],
    ["404 of something else", () => new Response("nginx", { status: 404 }), "graph_url"],
    ["a redirect", () => Response.redirect("https://elsewhere.example/", 302), "graph_url"],
  ])("gives up on %s and says what to do", async (_what, serve, hint) => {
    const result = await outcome(serve);
    expect(result).toMatchObject({ kind: "dead", parts: 0, calls: 1 });
    expect(result.detail).toContain(hint);
  });

  test.each([
    ["200 without an id", () => new Response("<html>Log in to the hotel's WLAN</html>")],
    ["502 from something in between", () => new Response("Bad Gateway", { status: 502 })],
  ])("is uncertain after %s", async (_what, serve) => {
    expect(await outcome(serve)).toMatchObject({ kind: "uncertain", parts: 0, calls: 1 });
  });

  test("never tells the token, also when Meta quotes it", async () => {
    const result = await outcome(() => graphError(401, 190, `Malformed access token ${TOKEN}`));
    expect(result.detail).toContain("Malformed access token [redacted]");
    expect(JSON.stringify(result)).not.toContain(TOKEN);
  });

  test("tries again when nothing was sent, and is uncertain when the connection was lost on the way", async () => {
    const closed = open(`http://127.0.0.1:${closedPort()}`);
    expect(await closed.sender.send(replyOf(), closed.partSent)).toMatchObject({ kind: "retry" });
    using cut = rawServer((socket, data) => {
      if (data.includes("}}")) socket.end();
    });
    const lost = open(cut.url);
    const result = await lost.sender.send(replyOf(), lost.partSent);
    expect(result).toMatchObject({ kind: "uncertain", detail: expect.stringContaining("not sent again") });
  });

  test("is uncertain when Meta says nothing for 20 s", async () => {
    let heard = false;
    using silent = rawServer((_socket, data) => {
      heard ||= data.includes("}}");
    });
    const { sender, clock, partSent } = open(silent.url);
    const result = sender.send(replyOf(), partSent);
    await until(() => heard);
    clock.advance(20_000);
    expect(await result).toMatchObject({ kind: "uncertain" });
  });

  test("says which message of several it was", async () => {
    const result = await outcome(
      (_call, i) => (i === 0 ? Response.json({ messages: [{ id: "w" }] }) : graphError(400, 131047)),
      "a".repeat(9_000),
    );
    expect(result).toMatchObject({
      kind: "dead",
      parts: 1,
      calls: 2,
      detail: expect.stringContaining("Message 2 of 3"),
    });
  });

  test("is uncertain about an interrupted reply unless all of it had arrived", async () => {
    const { sender } = open("http://127.0.0.1:9");
    expect(await sender.interrupted(replyOf())).toMatchObject({ kind: "uncertain" });
    expect(await sender.interrupted(replyOf({ parts_sent: 1 }))).toMatchObject({ kind: "sent" });
    const long = replyOf({ content: "a".repeat(9_000), parts_sent: 1 });
    expect(await sender.interrupted(long)).toMatchObject({
      kind: "uncertain",
      detail: expect.stringContaining("Message 2 of 3"),
    });
  });

  test("sends nothing of an empty answer, to a foreign target or to a number that would change the address", async () => {
    const { sender, partSent } = open("http://127.0.0.1:9");
    for (const change of [
      { content: " \n" },
      { target: { kind: "callback" } as const },
      { target: { ...TARGET, phone_number_id: "../me" } },
    ]) {
      expect(await sender.send(replyOf(change), partSent)).toMatchObject({ kind: "dead" });
    }
  });

  test("gives up on a graph_url that is none", async () => {
    const { sender, partSent } = open("graph.facebook.com/v24.0");
    const result = await sender.send(replyOf(), partSent);
    expect(result).toMatchObject({ kind: "dead", detail: expect.stringContaining("graph_url") });
  });
});
