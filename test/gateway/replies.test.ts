import { describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { FakeApi } from "../replies/support.ts";
import { ManualClock } from "../support/clock.ts";
import { eventIs, replyIs } from "../support/door-inbox.ts";
import { Door, type DoorClient, UNLIMITED } from "../support/services.ts";
import {
  commentPayload,
  fromGithub,
  fromHmac,
  fromWhatsapp,
  PHONE_NUMBER_ID,
  post,
  SENDER,
  textMessage,
  whatsappBatch,
} from "../support/signing.ts";

const SECRET = "a secret";
const REPLY_SECRET = `whsec_${Buffer.from("the key that signs the answers").toString("base64")}`;
const HOUR = 3_600_000;

const WHATSAPP = (url: string) => `${UNLIMITED}
[channels.whatsapp]
app_secret = "${SECRET}"
verify_token = "t"
access_token = "graph-token"
allowed_numbers = ["${SENDER}"]
graph_url = "${url}"
reply_private = true
`;

const GITHUB = (url: string) => `${UNLIMITED}
[channels.github]
secret = "${SECRET}"
allowed_repos = ["octo/hello"]
reply = true
access_token = "ghs"
api_url = "${url}"
reply_private = true
`;

const SHOP = (url: string, more = "reply_private = true\n") => `${UNLIMITED}
[channels.shop]
scheme = "hmac"
secret = "${SECRET}"
reply_url = "${url}/answers"
reply_secret = "${REPLY_SECRET}"
${more}`;

const TAKEN = () => Response.json({ messages: [{ id: "wamid.ours" }] });
const BROKEN = () =>
  Response.json({ error: { message: "(#131000) Something went wrong", code: 131000 } }, { status: 500 });

/** One message of the allowed sender; resolves with its event's id. */
async function ask(door: Door, owner: DoorClient, id = "wamid.q"): Promise<string> {
  const answer = await post(door.client(), fromWhatsapp(SECRET, whatsappBatch([textMessage(id, "Is it open?")])));
  expect(answer.status).toBe(200);
  return String((await owner.get("/api/events?source=whatsapp&limit=1")).rows("events")[0]?.["event_id"]);
}

describe("an answer to a WhatsApp message", () => {
  test("arrives once after Meta failed twice: about 5 s and 30 s later, in Meta's own form", async () => {
    await using graph = new FakeApi((_call, index) => (index < 2 ? BROKEN() : TAKEN()));
    await using door = await Door.open({ config: WHATSAPP(graph.url) });
    const owner = await door.paired();
    const event_id = await ask(door, owner);
    expect(await replyIs(door, owner, event_id, "retrying", 1)).toMatchObject({
      detail: expect.stringContaining("131000"),
    });
    door.clock.advance(3_900);
    expect(graph.calls).toHaveLength(1);
    door.clock.advance(3_100);
    await replyIs(door, owner, event_id, "retrying", 2);
    door.clock.advance(37_000);
    expect(await replyIs(door, owner, event_id, "sent", 3)).toMatchObject({ to: "whatsapp", detail: "wamid.ours" });
    door.clock.advance(24 * HOUR);
    await door.settle();
    expect(graph.calls).toHaveLength(3);
    expect(graph.calls.at(-1)).toMatchObject({ method: "POST", path: `/${PHONE_NUMBER_ID}/messages` });
    expect(graph.calls.at(-1)?.headers.get("authorization")).toBe("Bearer graph-token");
    expect(graph.posted.at(-1)).toMatchObject({
      messaging_product: "whatsapp",
      to: SENDER,
      context: { message_id: "wamid.q" },
      text: { body: expect.stringContaining("You said: ") },
    });
    expect(door.agent.turns).toHaveLength(1); // what is sent again is the answer, not the question
  });

  test("whose outcome is not known is uncertain for good: not after a day, not after a restart", async () => {
    await using graph = new FakeApi(() => new Response("<html>Bad Gateway</html>", { status: 502 }));
    await using door = await Door.open({ config: WHATSAPP(graph.url) });
    const owner = await door.paired();
    const event_id = await ask(door, owner);
    expect(await replyIs(door, owner, event_id, "uncertain")).toMatchObject({
      detail: expect.stringContaining("it may have arrived"),
    });
    door.clock.advance(24 * HOUR);
    await door.settle();
    await door.stop();
    await using second = await Door.open({ dir: door.dir, clock: door.clock });
    const other = second.client(owner.token);
    second.clock.advance(HOUR);
    await replyIs(second, other, event_id, "uncertain");
    expect(graph.calls).toHaveLength(1);
    expect((await other.get("/metrics")).text).toContain("zeroclaw_replies_uncertain 1");
  });

  test("that waits when the gateway ends is sent by the next one", async () => {
    await using graph = new FakeApi((_call, index) => (index === 0 ? BROKEN() : TAKEN()));
    await using door = await Door.open({ config: WHATSAPP(graph.url) });
    const owner = await door.paired();
    const event_id = await ask(door, owner);
    await replyIs(door, owner, event_id, "retrying", 1);
    await door.stop();
    await using second = await Door.open({ dir: door.dir, clock: door.clock });
    second.clock.advance(7_000);
    await replyIs(second, second.client(owner.token), event_id, "sent", 2);
    expect(second.agent.turns).toEqual([]);
    expect(graph.posted).toHaveLength(2);
  });

  test("that Meta refuses for good is dead with what to do, and a replay of its event sends a new one", async () => {
    const expired = { error: { message: "Error validating access token", code: 190 } };
    await using graph = new FakeApi((_call, index) =>
      index === 0 ? Response.json(expired, { status: 401 }) : TAKEN(),
    );
    await using door = await Door.open({ config: WHATSAPP(graph.url) });
    const owner = await door.paired();
    const event_id = await ask(door, owner);
    expect(await replyIs(door, owner, event_id, "dead")).toMatchObject({
      detail: expect.stringContaining("access_token"),
    });
    expect((await owner.post(`/api/events/${event_id}/replay`)).status).toBe(202);
    await eventIs(door, owner, event_id, "done", 2);
    await door.until("a second answer was sent", () => graph.calls.length === 2, 1);
    expect(door.agent.turns).toHaveLength(2);
  });
});

describe("an answer to a comment on GitHub", () => {
  test("that was written although the connection was lost is found by its mark, and not written twice", async () => {
    const written: string[] = [];
    await using github = new FakeApi(({ method, body }, index) => {
      if (method === "GET") return Response.json(written.map((one) => ({ body: one })));
      written.push(JSON.parse(body).body);
      return index === 0 ? new Response("", { status: 502 }) : Response.json({}, { status: 201 });
    });
    await using door = await Door.open({ config: GITHUB(github.url) });
    const owner = await door.paired();
    const asked = fromGithub(SECRET, "issue_comment", commentPayload({ body: "What now?" }));
    const event_id = (await post(door.client(), asked)).field("event_id");
    await replyIs(door, owner, event_id, "retrying", 1);
    door.clock.advance(7_000);
    await replyIs(door, owner, event_id, "sent", 2);
    expect(written).toHaveLength(1);
    expect(github.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /repos/octo/hello/issues/7/comments",
      "GET /repos/octo/hello/issues/7/comments",
    ]);
  });

  test("calls nobody by name, whatever the comment made the agent say", async () => {
    await using github = new FakeApi(() => Response.json({}, { status: 201 }));
    await using door = await Door.open({ config: GITHUB(github.url) });
    door.agent.script = (turn) => {
      turn.say("Ask @octo/everyone and @pat <!-- zeroclaw:x -->");
      turn.done();
    };
    const owner = await door.paired();
    const asked = fromGithub(SECRET, "issue_comment", commentPayload({ body: "Say: @octo/everyone" }));
    await replyIs(door, owner, (await post(door.client(), asked)).field("event_id"), "sent");
    const [{ body }] = github.posted as [{ body: string }]; // what the sender posts
    expect(body).not.toMatch(/@(?=\w)/);
  });
});

describe("an answer to reply_url", () => {
  test("is signed, so that the standardwebhooks library takes it, and says what it answers", async () => {
    await using receiver = new FakeApi(() => new Response(null, { status: 204 }));
    const clock = new ManualClock(Date.now()); // the library reads the clock itself
    await using door = await Door.open({ config: SHOP(receiver.url), clock });
    const owner = await door.paired();
    const event_id = (await post(door.client(), fromHmac(SECRET, "shop", { type: "order" }))).field("event_id");
    await replyIs(door, owner, event_id, "sent");
    const [call] = receiver.calls;
    expect(call?.path).toBe("/answers");
    const said = new Webhook(REPLY_SECRET).verify(call?.body ?? "", Object.fromEntries(call?.headers ?? []));
    const { response } = (await owner.get(`/api/events/${event_id}`)).json;
    expect(said).toMatchObject({ type: "reply", event_id, source: "shop", session_id: "shop", content: response });
    const forged = `${call?.body} `;
    expect(() => new Webhook(REPLY_SECRET).verify(forged, Object.fromEntries(call?.headers ?? []))).toThrow();
  });

  test("that is on this machine is refused unless reply_private allows it: tried again, then dead, with the reason, never sent", async () => {
    await using receiver = new FakeApi(() => new Response(null, { status: 204 }));
    await using door = await Door.open({ config: SHOP(receiver.url, "") });
    const owner = await door.paired();
    const event_id = (await post(door.client(), fromHmac(SECRET, "shop", { type: "order" }))).field("event_id");
    const detail = expect.stringMatching(/127\.0\.0\.1.*reply_private/);
    for (let attempt = 1; attempt < 7; attempt += 1) {
      expect(await replyIs(door, owner, event_id, "retrying", attempt)).toMatchObject({ to: "callback", detail });
      door.clock.advance(8 * HOUR);
    }
    expect(await replyIs(door, owner, event_id, "dead", 7)).toMatchObject({ detail });
    expect(receiver.calls).toEqual([]);
  });

  test("that fails is tried again under the same webhook-id, by which its receiver knows it", async () => {
    await using receiver = new FakeApi((_call, index) => new Response(null, { status: index === 0 ? 500 : 200 }));
    await using door = await Door.open({ config: SHOP(receiver.url) });
    const owner = await door.paired();
    const event_id = (await post(door.client(), fromHmac(SECRET, "shop", { type: "order" }))).field("event_id");
    await replyIs(door, owner, event_id, "retrying", 1);
    door.clock.advance(7_000);
    await replyIs(door, owner, event_id, "sent", 2);
    const [first, second] = receiver.calls.map(({ headers }) => headers.get("webhook-id"));
    expect(first).toBeString();
    expect(second).toBe(first ?? "");
    expect(new Set(receiver.calls.map(({ headers }) => headers.get("webhook-timestamp"))).size).toBe(2);
  });

  test("that redirects gets nothing: the answer goes where it was meant to go, or nowhere", async () => {
    await using elsewhere = new FakeApi(() => new Response(null, { status: 200 }));
    await using receiver = new FakeApi(() => Response.redirect(`${elsewhere.url}/taken`, 307));
    await using door = await Door.open({ config: SHOP(receiver.url) });
    const owner = await door.paired();
    const event_id = (await post(door.client(), fromHmac(SECRET, "shop", { type: "order" }))).field("event_id");
    await replyIs(door, owner, event_id, "retrying", 1);
    expect(elsewhere.calls).toEqual([]);
  });
});
