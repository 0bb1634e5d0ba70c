import { describe, expect, test } from "bun:test";
import { type Channel, isRefusal } from "../../src/channels/channel.ts";
import type { ChannelValues } from "../../src/channels/values.ts";
import { event, events, open, plan, readBody, why } from "./support.ts";

const whatsapp = (values: ChannelValues = {}): Channel =>
  open("whatsapp", { app_secret: "app", verify_token: "verify-me", allowed_numbers: ["*"], ...values });

const TEXT = { from: "491701234567", id: "wamid.A", timestamp: "1", type: "text", text: { body: "Hello" } };
const STATUS = { id: "wamid.B", status: "read", timestamp: "2", recipient_id: "491701234567" };
const CONTACT = { profile: { name: "Alice" }, wa_id: "491701234567" };

const metadata = { display_phone_number: "1555", phone_number_id: "1001" };

function change(value: Record<string, unknown>, field = "messages") {
  return { field, value: { messaging_product: "whatsapp", metadata, ...value } };
}

function delivery(...changes: readonly unknown[]) {
  return { object: "whatsapp_business_account", entry: [{ id: "9", time: 1_700_000_000, changes }] };
}

const message = (item: Record<string, unknown>) => readBody(whatsapp(), delivery(change({ messages: [item] })));

test("both app secrets are good while one replaces the other, and no third", () => {
  const rotating = open("whatsapp", { app_secrets: ["old", "new"], verify_token: "v" });
  const verdicts = ["old", "new", "other"].map((secret) => {
    const signer = open("whatsapp", { app_secret: secret, verify_token: "v" });
    const { headers, body } = signer.sample(null, { now: 0, id: "1", url: "http://h/" });
    const delivery = { headers: new Headers(headers), url: "http://h/", pathSecret: null, received_at: 0 };
    const verifier = rotating.verify(delivery);
    if (isRefusal(verifier)) return verifier.reason;
    verifier.update(body);
    return verifier.refusal(body)?.reason ?? "taken";
  });
  expect(verdicts).toEqual(["taken", "taken", "wrong_signature"]);
});

describe("a WhatsApp delivery", () => {
  test("of one message is one event with the raw body, the wamid and the conversation", () => {
    const body = ` ${JSON.stringify(delivery(change({ contacts: [CONTACT], messages: [TEXT] })))}\n`;
    expect(event(readBody(whatsapp(), body))).toEqual({
      type: "message",
      delivery_id: "wamid.A",
      session_id: "whatsapp:1001:491701234567",
      content_type: "application/json",
      body: Buffer.from(body),
    });
  });

  test("of many becomes one event each, in order, and each holds only its own", () => {
    const bob = { ...TEXT, from: "4411", id: "wamid.C" };
    const contacts = [CONTACT, { profile: { name: "Bob" }, wa_id: "4411" }];
    const entry = [
      { id: "9", changes: [change({ contacts, messages: [TEXT, bob] }), change({ statuses: [STATUS] })] },
      { id: "8", changes: [change({ messages: [{ ...TEXT, id: "wamid.D" }] })] },
    ];
    const read = events(readBody(whatsapp(), { object: "whatsapp_business_account", entry, extra: 1 }));
    expect(read.map(({ type, delivery_id, session_id }) => [type, delivery_id, session_id])).toEqual([
      ["message", "wamid.A", "whatsapp:1001:491701234567"],
      ["message", "wamid.C", "whatsapp:1001:4411"],
      ["status", "status:wamid.B:read:2", "whatsapp:1001:491701234567"],
      ["message", "wamid.D", "whatsapp:1001:491701234567"],
    ]);
    const share: unknown = JSON.parse(Buffer.from(read[1]!.body).toString());
    const own = { ...change({ contacts: [contacts[1]], messages: [bob] }) };
    expect(share).toEqual({ object: "whatsapp_business_account", extra: 1, entry: [{ id: "9", changes: [own] }] });
  });

  test("says at once of what nobody answers what would be said in its turn", () => {
    const items = { messages: [TEXT, { ...TEXT, id: "wamid.E", type: "sticker" }], statuses: [STATUS] };
    for (const channel of [whatsapp(), whatsapp({ allowed_numbers: [] })]) {
      const read = events(readBody(channel, delivery(change(items), change({}, "account_alerts"))));
      const planned = read.map((one) => plan(channel, [one]));
      expect(read.map(({ stored }) => stored)).toEqual(planned.map((one) => (one.run ? undefined : one.reason)));
      expect(planned.some(({ run }) => !run)).toBe(true);
    }
  });

  test("gives the same events when what it brings comes again alone", () => {
    const batch = events(readBody(whatsapp(), delivery(change({ messages: [TEXT], statuses: [STATUS] }))));
    for (const one of batch) {
      const again = event(readBody(whatsapp(), Buffer.from(one.body)));
      expect({ ...again, body: Buffer.from(again.body) }).toEqual({ ...one, body: Buffer.from(one.body) });
    }
  });

  test("tells the statuses of a message apart by status and time", () => {
    const statuses = [STATUS, { ...STATUS, status: "failed" }, { ...STATUS, timestamp: "3" }];
    const ids = events(readBody(whatsapp(), delivery(change({ statuses })))).map(({ delivery_id }) => delivery_id);
    expect(new Set(ids).size).toBe(3);
  });

  test("of a person without a number has the session of the user id", () => {
    const item = { id: "wamid.A", from_user_id: "DE.99", type: "text", text: { body: "Hi" } };
    expect(event(message(item)).session_id).toBe("whatsapp:1001:DE.99");
    expect(plan(whatsapp(), message(item))).toMatchObject({ run: true, reply: { to: "DE.99" } });
  });

  test("keeps errors and other fields as events of their own, which repeat only with a time", () => {
    const errors = [{ code: 130429, title: "Rate limit hit" }];
    const other = change({ event: "APPROVED" }, "message_template_status_update");
    const body = delivery(change({ errors }), other);
    const [error, template] = events(readBody(whatsapp(), body));
    expect([error?.type, error?.delivery_id]).toEqual(["error", null]);
    expect(template).toMatchObject({ type: "message_template_status_update", session_id: "whatsapp" });
    expect(events(readBody(whatsapp(), body))[1]?.delivery_id).toBe(template!.delivery_id);
    expect(event(readBody(whatsapp(), delivery(other))).delivery_id).toBe(template!.delivery_id);
    const undated = { ...delivery(other), entry: [{ id: "9", changes: [other] }] };
    expect(event(readBody(whatsapp(), undated)).delivery_id).toBeNull();
  });

  test("with nothing in it is acknowledged and not stored", () => {
    expect(readBody(whatsapp(), { object: "whatsapp_business_account", entry: [] })).toMatchObject({ status: 200 });
  });

  test.each([
    ["no JSON", "hello"],
    ["another object", { object: "page", entry: [] }],
    ["no entry", { object: "whatsapp_business_account" }],
    ["a list", []],
    ["too many messages", delivery(change({ messages: Array.from({ length: 5_001 }, () => ({})) }))],
    ["a deep nest", `{"object":"whatsapp_business_account","entry":${"[".repeat(100_000)}${"]".repeat(100_000)}}`],
  ])("that holds %s is refused as a bad body", (_what, body) => {
    expect(readBody(whatsapp(), body)).toMatchObject({ reason: "bad_body", code: "bad_json" });
  });

  test("whose parts would grow out of all proportion is refused, not built", () => {
    const body = delivery(change({ pad: "x".repeat(1_000_000), messages: Array.from({ length: 4_000 }, () => ({})) }));
    expect(readBody(whatsapp(), body)).toMatchObject({ reason: "bad_body" });
  });

  test("is acknowledged with 200", () => {
    expect(whatsapp().accepted?.status).toBe(200);
  });
});

describe("a WhatsApp message runs the agent", () => {
  test.each([
    ["text", { text: { body: "Hi" } }],
    ["button", { button: { text: "Yes", payload: "yes" } }],
    ["interactive", { interactive: { type: "button_reply", button_reply: { id: "1", title: "Yes" } } }],
    ["reaction", { reaction: { message_id: "wamid.Z", emoji: "👍" } }],
    ["image", { image: { id: "1", caption: "What is this?" } }],
    ["video", { video: { id: "1", caption: "And this?" } }],
    ["document", { document: { id: "1", caption: "Read it" } }],
    ["location", { location: { latitude: 1, longitude: 2 } }],
    ["contacts", { contacts: [{ name: { formatted_name: "Bob" } }] }],
    ["order", { order: { product_items: [] } }],
  ])("of the type %s", (type, content) => {
    expect(why(whatsapp(), message({ from: "4411", id: "wamid.A", type, ...content }))).toBe("");
  });

  test.each([
    ["text", { text: { body: "  " } }],
    ["image", { image: { id: "1" } }],
    ["audio", { audio: { id: "1", voice: true } }],
    ["sticker", { sticker: { id: "1" } }],
    ["reaction", { reaction: { message_id: "wamid.Z", emoji: "" } }],
    ["unsupported", { errors: [{ code: 131051 }] }],
    ["system", { system: { body: "changed number" } }],
    ["constructor", {}],
  ])("never of the type %s with nothing to read", (type, content) => {
    expect(why(whatsapp(), message({ from: "4411", id: "wamid.A", type, ...content }))).toContain("nothing");
  });

  test.each([
    [["+49 (170) 123-45.67"], "491701234567", true],
    [["491701234567"], "491701234567", true],
    [["49170123456"], "491701234567", false],
    [["DE.491701234567"], "491701234567", false],
    [["DE.99"], "DE.99", true],
    [["DE.99"], "99", false],
    [["*"], "1", true],
    [[], "491701234567", false],
    [["", "+", " "], "", false],
    [["*"], "", false],
  ])("with allowed_numbers %j from %p: %p", (allowed_numbers, from, runs) => {
    expect(plan(whatsapp({ allowed_numbers }), message({ ...TEXT, from })).run).toBe(runs);
  });

  test("never in a group, whose conversation is its own", () => {
    const read = message({ ...TEXT, group_id: "G1" });
    expect(why(whatsapp(), read)).toBe("written in a group");
    expect(event(read).session_id).toBe("whatsapp:1001:group:G1");
  });

  test.each([
    ["statuses", { statuses: [STATUS] }],
    ["errors", { errors: [{ code: 1 }] }],
  ])("never for %s", (_what, value) => {
    expect(why(whatsapp(), readBody(whatsapp(), delivery(change(value))))).not.toBe("");
  });

  test("never for another field, not even one that holds messages", () => {
    const echo = change({ messages: [TEXT] }, "smb_message_echoes");
    expect(why(whatsapp(), readBody(whatsapp(), delivery(echo)))).not.toBe("");
  });

  test("is answered by the configured number, else by the one that was written to", () => {
    expect(plan(whatsapp(), message(TEXT))).toEqual({
      run: true,
      reply: { kind: "whatsapp", phone_number_id: "1001", to: "491701234567", message_id: "wamid.A" },
    });
    expect(plan(whatsapp({ phone_number_id: "2002" }), message(TEXT))).toMatchObject({
      reply: { phone_number_id: "2002" },
    });
  });

  test("without an answer when there is no message to answer", () => {
    expect(plan(whatsapp(), message({ ...TEXT, id: undefined }))).toEqual({ run: true, reply: null });
  });
});

describe("Meta's verification", () => {
  const ask = (query: string) => whatsapp().handshake!(new URLSearchParams(query));
  const GOOD = "hub.mode=subscribe&hub.verify_token=verify-me";

  test("is answered with the challenge alone, as plain text", () => {
    expect(ask(`${GOOD}&hub.challenge=1158201444`)).toEqual({
      status: 200,
      body: "1158201444",
      type: "text/plain; charset=utf-8",
    });
    expect(ask(`${GOOD}&hub.challenge=<script>`)).toMatchObject({ type: "text/plain; charset=utf-8" });
  });

  test.each([
    ["nothing", ""],
    ["another mode", "hub.mode=unsubscribe&hub.verify_token=verify-me&hub.challenge=1"],
    ["no token", "hub.mode=subscribe&hub.challenge=1"],
    ["an empty token", "hub.mode=subscribe&hub.verify_token=&hub.challenge=1"],
    ["another token", "hub.mode=subscribe&hub.verify_token=verify-m&hub.challenge=1"],
    ["the app secret", "hub.mode=subscribe&hub.verify_token=app&hub.challenge=1"],
  ])("with %s is refused, and says nothing of the right token", (_what, query) => {
    const refusal = ask(query);
    expect(refusal).toMatchObject({ reason: "wrong_verify_token", code: "bad_verify_token" });
    expect(JSON.stringify(refusal)).not.toContain("verify-me");
  });

  test("takes a challenge of 1,024 bytes and none of 1,025 or 0", () => {
    expect(isRefusal(ask(`${GOOD}&hub.challenge=${"1".repeat(1_024)}`))).toBe(false);
    expect(ask(`${GOOD}&hub.challenge=${"1".repeat(1_025)}`)).toMatchObject({ code: "bad_request" });
    expect(ask(GOOD)).toMatchObject({ code: "bad_request" });
  });
});
