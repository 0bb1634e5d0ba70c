import { describe, expect, test } from "bun:test";
import type { Channel } from "../../src/channels/channel.ts";
import type { Scheme } from "../../src/channels/signatures.ts";
import type { ChannelValues } from "../../src/channels/values.ts";
import { event, open, plan, readBody, why } from "./support.ts";

const channel = (scheme: Scheme, values: ChannelValues = {}): Channel =>
  open("shop", { scheme, secret: "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", ...values });

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

describe("a hmac, bearer, basic or path source", () => {
  const say = (body: unknown, headers: Record<string, string> = {}, values: ChannelValues = {}) =>
    readBody(channel("bearer", values), body, { "Content-Type": "application/json", ...headers });

  test.each([
    ["JSON", '{"a":1}', "application/json"],
    ["a text", "hello", "text/plain"],
    ["bytes", new Uint8Array([0, 255, 7]), "application/octet-stream"],
    ["nothing", "", "application/json"],
    ["JSON that is none", "{", "application/json"],
  ])("takes %s as it is", (_what, body, type) => {
    const found = event(say(body, { "Content-Type": type }));
    expect(found).toEqual({
      type: "event",
      delivery_id: null,
      session_id: "shop",
      content_type: type,
      body: Buffer.from(body),
    });
  });

  test.each([
    ["its type", { type: "order.paid" }, {}, {}, "order.paid"],
    ["its event", { event: "push" }, {}, {}, "push"],
    [
      "a header that is set for it",
      { type: "a" },
      { "X-Gitlab-Event": "Push Hook" },
      { type_header: "X-Gitlab-Event" },
      "Push_Hook",
    ],
    ["a field that is set for it", { type: "a", data: { kind: "b" } }, {}, { type_field: "data.kind" }, "b"],
    ["a field of a list", { events: [{ n: 7 }] }, {}, { type_field: "events.0.n" }, "7"],
    ["nothing", { type: { a: 1 } }, {}, {}, "event"],
    ["no prototype", {}, {}, { type_field: "constructor.name" }, "event"],
  ])("has the type that %s says", (_what, body, headers, values, type) => {
    expect(event(say(body, headers, values)).type).toBe(type);
  });

  test.each([
    ["a bare Idempotency-Key", {}, { "Idempotency-Key": "k1" }, {}, "k1"],
    ["a quoted one", {}, { "Idempotency-Key": '"k1"' }, {}, "k1"],
    ["X-Idempotency-Key", {}, { "X-Idempotency-Key": "k2" }, {}, "k2"],
    ["the header that is set for it", {}, { "X-Id": "h1", "Idempotency-Key": "k1" }, { id_header: "x-id" }, "h1"],
    ["the field that is set for it", { data: { id: "f1" } }, {}, { id_field: "data.id" }, "f1"],
    ["a number there", { id: 42 }, {}, { id_field: "id" }, "42"],
    ["a number that no double holds", '{"id":12345678901234567891}', {}, { id_field: "id" }, "12345678901234567891"],
    ["a key with a dot", { "data.id": "d1" }, {}, { id_field: "data.id" }, "d1"],
    ["nothing", { id: "f1" }, {}, {}, null],
  ])("knows a delivery again by %s", (_what, body, headers, values, id) => {
    expect(event(say(body, headers, values)).delivery_id).toBe(id);
  });

  test.each([
    [{ id_header: "X-Id" }, "header"],
    [{ id_field: "data.id" }, "field"],
  ])("refuses a delivery without the id of %j, and names the setting", (values, what) => {
    expect(say({ data: {} }, {}, values)).toMatchObject({
      reason: "missing_delivery_id",
      code: "bad_request",
      detail: expect.stringContaining(what),
      fix: expect.stringContaining(`"channels.shop.id_${what}"`),
    });
  });

  test("answers to reply_url if there is one", () => {
    expect(plan(channel("bearer"), say({}))).toEqual({ run: true, reply: null });
    const replying = channel("bearer", { reply_url: "https://shop.example/answers" });
    expect(plan(replying, say({}))).toEqual({ run: true, reply: { kind: "callback" } });
  });

  test("tells which headers hold its secret", () => {
    expect(channel("bearer").secretHeaders).toEqual(["authorization"]);
    expect(channel("bearer", { header: "X-Gitlab-Token" }).secretHeaders).toEqual(["x-gitlab-token"]);
    expect(channel("path").secretInPath).toBe(true);
    expect(channel("hmac").secretInPath).toBe(false);
  });

  test("takes 64 KB unless max_body says otherwise", () => {
    expect([channel("hmac").maxBody, channel("hmac", { max_body: 5 }).maxBody]).toEqual([65_536, 5]);
  });
});

describe("a Standard Webhooks source", () => {
  test.each(["webhook", "svix"])("knows a delivery again by %s-id", (family) => {
    const headers = { [`${family}-id`]: "msg_1", [`${family}-signature`]: "v1,x", "Idempotency-Key": "k" };
    expect(event(readBody(channel("standard-webhooks"), { type: "user.created" }, headers))).toMatchObject({
      delivery_id: "msg_1",
      type: "user.created",
    });
  });
});

describe("a Stripe source", () => {
  const say = (body: unknown) => readBody(channel("stripe"), body);

  test.each([
    ["a customer's object", { customer: "cus_1" }, "shop:cus_1"],
    ["an expanded customer", { customer: { id: "cus_2" } }, "shop:cus_2"],
    ["the customer", { object: "customer", id: "cus_3" }, "shop:cus_3"],
    ["nobody", {}, "shop"],
  ])("has an event of %s in its conversation", (_what, object, session_id) => {
    expect(event(say({ id: "evt_1", type: "invoice.paid", data: { object } }))).toMatchObject({
      type: "invoice.paid",
      delivery_id: "evt_1",
      session_id,
    });
  });

  test.each([["hello"], ["[]"], ["{}"], ['{"id":"evt_1"}'], ['{"id":1,"type":"a"}']])("refuses %s", (body) => {
    expect(say(body)).toMatchObject({ reason: "bad_body" });
  });
});

describe("a Slack source", () => {
  const slack = channel("slack");
  const said = (inner: Record<string, unknown>, outer: Record<string, unknown> = {}) =>
    readBody(slack, {
      type: "event_callback",
      event_id: "Ev1",
      event: { type: "message", user: "U1", ...inner },
      ...outer,
    });

  test("answers the check of its address with the challenge as plain text", () => {
    expect(readBody(slack, { type: "url_verification", challenge: "<b>3eZbrw" })).toEqual({
      status: 200,
      body: "<b>3eZbrw",
      type: "text/plain; charset=utf-8",
    });
    expect(readBody(slack, { type: "url_verification" })).toMatchObject({ reason: "bad_body" });
  });

  test.each([
    ["a message of a channel", { channel: "C1", ts: "1.2" }, "shop:C1:1.2"],
    ["a reply in its thread", { channel: "C1", ts: "3.4", thread_ts: "1.2" }, "shop:C1:1.2"],
    ["a direct message", { channel: "D1", ts: "1.2", channel_type: "im" }, "shop:D1"],
    ["a reaction", { type: "reaction_added", item: { channel: "C1", ts: "1.2" } }, "shop:C1"],
    [
      "an edit",
      { subtype: "message_changed", channel: "C1", ts: "9", message: { ts: "3.4", thread_ts: "1.2" } },
      "shop:C1:1.2",
    ],
    ["the whole team", { type: "team_join", user: { id: "U1" } }, "shop"],
  ])("has %s in its conversation", (_what, inner, session_id) => {
    expect(event(said(inner))).toMatchObject({ session_id, delivery_id: "Ev1" });
  });

  test("reads slash commands and interactions from forms", () => {
    const command = form({ command: "/ask", text: "hi", channel_id: "C1", trigger_id: "13.1" });
    expect(event(readBody(slack, command, FORM))).toMatchObject({
      type: "slash_command",
      delivery_id: "13.1",
      session_id: "shop:C1",
    });
    const payload = { type: "block_actions", trigger_id: "13.2", channel: { id: "C1" }, message: { ts: "1.2" } };
    expect(event(readBody(slack, form({ payload: JSON.stringify(payload) }), FORM))).toMatchObject({
      type: "block_actions",
      delivery_id: "13.2",
      session_id: "shop:C1:1.2",
    });
    expect(why(slack, readBody(slack, command, FORM))).toBe("");
    expect(readBody(slack, form({ payload: "{" }), FORM)).toMatchObject({ reason: "bad_body" });
  });

  test.each([
    ["a bot", { bot_id: "B1" }],
    ["a bot's profile", { bot_profile: { id: "B1" } }],
    ["an old bot", { subtype: "bot_message" }],
    ["an edit of a bot's message", { subtype: "message_changed", message: { bot_id: "B1" } }],
  ])("never runs the agent for %s", (_what, inner) => {
    expect(why(slack, said(inner))).toBe("written by a bot");
  });

  test("never runs the agent for what its own app's user did", () => {
    const own = { authorizations: [{ user_id: "U1", is_bot: true }] };
    expect(why(slack, said({}, own))).toBe("written by a bot");
    expect(why(slack, said({ user: "U2" }, own))).toBe("");
  });

  test.each(["channel_join", "message_changed", "message_deleted"])("never runs the agent for %s", (subtype) => {
    expect(why(slack, said({ subtype }))).not.toBe("");
  });

  test("runs the agent for messages with files, and not for Slack's word on its limits", () => {
    expect(why(slack, said({ subtype: "file_share" }))).toBe("");
    expect(why(slack, readBody(slack, { type: "app_rate_limited" }))).not.toBe("");
  });

  test("is answered with 200 and nothing, which Slack shows to nobody", () => {
    expect(slack.accepted).toMatchObject({ status: 200, body: "" });
  });
});

describe("a Telegram source", () => {
  const telegram = channel("telegram");
  const update = (content: Record<string, unknown>) => readBody(telegram, { update_id: 7, ...content });

  test.each([
    ["message", { chat: { id: -100 } }, "shop:-100"],
    ["message", { chat: { id: -100 }, is_topic_message: true, message_thread_id: 5 }, "shop:-100:5"],
    ["callback_query", { from: { id: 1 }, message: { chat: { id: 2 } } }, "shop:2"],
    ["inline_query", { from: { id: 1 } }, "shop:1"],
    ["business_message", { chat: { id: 1 }, business_connection_id: "bc" }, "shop:business:bc:1"],
    ["something_new", { x: 1 }, "shop"],
  ])("has %s %j in its conversation", (type, content, session_id) => {
    expect(event(update({ [type]: content }))).toMatchObject({ type, delivery_id: "7", session_id });
  });

  test("runs the agent for people, never for bots", () => {
    expect(why(telegram, update({ message: { from: { id: 1, is_bot: false } } }))).toBe("");
    expect(why(telegram, update({ message: { from: { id: 1, is_bot: true } } }))).toBe("written by a bot");
  });

  test.each([["[]"], ["{}"], ['{"update_id":"7"}'], ['{"update_id":1e99}'], [""]])("refuses %s", (body) => {
    expect(readBody(telegram, body)).toMatchObject({ reason: "bad_body" });
  });
});

describe("a Twilio source", () => {
  const twilio = channel("twilio");
  const say = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    readBody(twilio, form(fields), { ...FORM, ...headers });
  const IN = { MessageSid: "SM1", SmsStatus: "received", From: "+15550001111", To: "+15559990000", Body: "Hi" };

  test("has a message that came in with its sender, and runs the agent", () => {
    expect(event(say(IN))).toMatchObject({
      type: "message",
      delivery_id: "SM1:received",
      session_id: "shop:15550001111",
    });
    expect(why(twilio, say(IN))).toBe("");
  });

  test("has what became of a message that went out with its receiver, and only stores it", () => {
    const out = { MessageSid: "SM2", MessageStatus: "failed", From: "+15559990000", To: "+15550001111" };
    expect(event(say(out))).toMatchObject({ type: "message.failed", session_id: "shop:15550001111" });
    expect(why(twilio, say(out))).not.toBe("");
  });

  test.each([
    [{ CallSid: "CA1", CallStatus: "ringing", Direction: "inbound", From: "+15550001111" }, "call", true],
    [{ CallSid: "CA1", CallStatus: "completed", Direction: "inbound", From: "+15550001111" }, "call.completed", false],
    [{ CallSid: "CA1", CallStatus: "ringing", Direction: "outbound-api", To: "+15550001111" }, "call.ringing", false],
  ])("of %j makes %s", (fields, type, runs) => {
    expect(event(say(fields))).toMatchObject({ type, session_id: "shop:15550001111" });
    expect(plan(twilio, say(fields)).run).toBe(runs);
  });

  test("gives different senders different sessions", () => {
    const people = [
      "+15550001111",
      "15550001111",
      "whatsapp:+15550001111",
      "12345",
      "+12345",
      "client:alice",
      "Bank",
      "",
    ];
    const sessions = people.map((From) => event(say({ ...IN, From })).session_id);
    expect(new Set(sessions).size).toBe(people.length);
    expect(sessions[2]).toBe("shop:whatsapp:15550001111");
  });

  test("prefers Twilio's own token as id, and reads the JSON of Event Streams", () => {
    const headers = { "I-Twilio-Idempotency-Token": "tok" };
    expect(event(say(IN, headers)).delivery_id).toBe("tok");
    const one = [{ id: "EZ1", type: "com.twilio.messaging.message.sent" }];
    expect(event(readBody(twilio, one))).toMatchObject({ type: one[0]!.type, delivery_id: "EZ1", session_id: "shop" });
    expect(event(readBody(twilio, [...one, ...one])).delivery_id).toBeNull();
    expect(readBody(twilio, "{")).toMatchObject({ reason: "bad_body" });
  });

  test("is answered with TwiML that does nothing", () => {
    expect(twilio.accepted).toMatchObject({ status: 200, body: expect.stringContaining("<Response/>") });
  });
});
