import { describe, expect, test } from "bun:test";
import { promptFor } from "../../../src/inbox/prompt/prompt.ts";
import type { EventWithBody } from "../../../src/protocol/event.ts";
import { delivery } from "../summary/support.ts";

const NONCE = "k3x9v2m7";
const FORM = { content_type: "application/x-www-form-urlencoded" };

function facts(body: unknown, about: Partial<EventWithBody> = {}): string {
  const [, said = ""] = promptFor(delivery(body, about), {}, NONCE).split("\n\n");
  return said.replaceAll(`<data-${NONCE}>`, "«").replaceAll(`</data-${NONCE}>`, "»");
}

function task(body: unknown, about: Partial<EventWithBody> = {}): string {
  return promptFor(delivery(body, about), {}, NONCE).split("\n\n").at(-1) ?? "";
}

function whatsapp(message: Record<string, unknown>): unknown {
  const value = { contacts: [{ profile: { name: "Alice" } }], messages: [{ from: "4917", id: "wamid.A", ...message }] };
  return { object: "whatsapp_business_account", entry: [{ changes: [{ field: "messages", value }] }] };
}

const FROM = "Somebody wrote on WhatsApp:\nFrom: «Alice»\nNumber: «4917»";

describe("the built-in prompt", () => {
  test.each<[string, unknown, string]>([
    [
      "a WhatsApp text",
      { type: "text", text: { body: "Hello\nthere" } },
      `${FROM}\nKind: «text»\nText:\n«\nHello\nthere\n»`,
    ],
    [
      "a WhatsApp picture",
      { type: "image", image: { caption: "the door", mime_type: "image/jpeg", id: "99" } },
      `${FROM}\nKind: «image»\nType: «image/jpeg»\nMedia id: «99»\nCaption:\n«the door»`,
    ],
    [
      "a choice on WhatsApp",
      { type: "interactive", interactive: { button_reply: { id: "yes", title: "Yes" } }, context: { id: "wamid.B" } },
      `${FROM}\nKind: «interactive»\nAnswers the message: «wamid.B»\nChosen: «Yes»\nId of the choice: «yes»`,
    ],
    [
      "a place on WhatsApp",
      { type: "location", location: { latitude: 52.5, longitude: 0, name: "Here" } },
      `${FROM}\nKind: «location»\nPlace: «Here»\nLatitude: «52.5»\nLongitude: «0»`,
    ],
  ])("tells %s", (_, message, expected) => {
    expect(facts(whatsapp(message as Record<string, unknown>))).toBe(expected); // the rows hold records
    expect(task(whatsapp({ type: "text" }))).toStartWith("Answer it");
  });

  test("tells a Stripe event with the amount as people write it", () => {
    const object = {
      object: "invoice",
      id: "in_1",
      amount_paid: 2050,
      currency: "eur",
      status: "paid",
      customer: "cus_1",
      customer_email: "jane@example.com",
      metadata: { order: "7" },
    };
    const event = { object: "event", type: "invoice.paid", livemode: false, data: { object } };

    expect(facts(event)).toBe(
      [
        "Something happened on Stripe:",
        "Event: «invoice.paid»",
        "It is a test: no real money moved.",
        "Object: «invoice»",
        "Id: «in_1»",
        "Amount: «20.50 EUR»",
        "Status: «paid»",
        "Customer: «cus_1»",
        "Email: «jane@example.com»",
        "Metadata:",
        '«{"order":"7"}»',
      ].join("\n"),
    );
    expect(task(event)).toStartWith("Say in a few sentences");
  });

  test.each<[string, unknown, string]>([
    [
      "a Slack message",
      { type: "event_callback", token: "t0ken", event: { type: "app_mention", user: "U1", channel: "C1", text: "hi" } },
      "Something happened on Slack:\nKind: «app mention»\nFrom: «U1»\nChannel: «C1»\nText:\n«hi»",
    ],
    [
      "a Telegram message",
      { update_id: 1, message: { from: { first_name: "Al", username: "al" }, chat: { type: "private" }, text: "hi" } },
      "Something came from Telegram:\nKind: «message»\nFrom: «Al»\nUser: «al»\nChat: «private»\nText:\n«hi»",
    ],
    [
      "a Telegram photo",
      { update_id: 1, message: { from: { first_name: "Al" }, photo: [], caption: "the door" } },
      "Something came from Telegram:\nKind: «message»\nFrom: «Al»\nWith: «photo»\nText:\n«the door»",
    ],
  ])("tells %s", (_, body, expected) => {
    expect(facts(body)).toBe(expected);
    expect(task(body)).toStartWith("Answer it");
  });

  test("tells a Twilio message and where its media are", () => {
    const form = "MessageSid=SM1&From=%2B4917&To=%2B4930&Body=hi&NumMedia=1&MediaUrl0=https://x";

    expect(facts(form, FORM)).toBe(
      "Something came from Twilio:\nFrom: «+4917»\nTo: «+4930»\nText:\n«hi»\nMedia (1):\n«- https://x»",
    );
  });

  test("tells a Slack command without its token and response URL, which are secrets", () => {
    const form = "command=%2Fask&text=hi&user_name=al&channel_name=dev&response_url=https://s3cret&token=s3cret";

    expect(facts(form, FORM)).toBe(
      "Somebody gave a command on Slack:\nCommand: «/ask»\nFrom: «al»\nChannel: «dev»\nText:\n«hi»",
    );
  });

  test.each<[string, unknown, Partial<EventWithBody>, string]>([
    ["JSON", { a: [1] }, { type: "shop.sold" }, 'Event: «shop.sold»\nIn short: «JSON with a»\nJSON:\n«{"a":[1]}»'],
    [
      "a form",
      "a=1&b=2",
      { ...FORM, type: "event" },
      "Event: «event»\nIn short: «a=1, b=2»\nFields (2):\n«\n- a = 1\n- b = 2\n»",
    ],
    [
      "a text",
      "one\ntwo",
      { content_type: "text/plain" },
      "Event: «event»\nIn short: «one two»\nText:\n«\none\ntwo\n»",
    ],
    ["nothing", "", {}, "Event: «event»\nIn short: «An empty body»"],
  ])("tells %s of any sender", (_, body, about, expected) => {
    expect(facts(body, about)).toBe(`A delivery came in:\n${expected}`);
  });

  test("cuts what is too long", () => {
    expect(facts({ a: "x".repeat(100_000) }).length).toBeLessThan(8_500);
  });
});
