import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readBody } from "../../../src/inbox/summary/body.ts";
import { eventType } from "../../../src/inbox/summary/event-type.ts";
import { summarize } from "../../../src/inbox/summary/summarize.ts";
import { delivery } from "./support.ts";

const FORM = { content_type: "application/x-www-form-urlencoded" };
const SANE_LINE = /^[^\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]{1,200}$/u;

function whatsapp(value: Record<string, unknown>): Record<string, unknown> {
  return { object: "whatsapp_business_account", entry: [{ changes: [{ field: "messages", value }] }] };
}

const contacts = [{ profile: { name: "Alice" }, wa_id: "491701234567" }];
const hello = { from: "491701234567", id: "wamid.A", type: "text", text: { body: "hello\nthere" } };
const image = { from: "491701234567", id: "wamid.B", type: "image", image: { caption: "the door" } };

describe("summarize()", () => {
  test.each<[string, unknown, string]>([
    [
      "a WhatsApp text",
      whatsapp({ contacts, messages: [hello] }),
      "WhatsApp message from Alice (+491701234567): hello there",
    ],
    ["a WhatsApp image", whatsapp({ messages: [image] }), "WhatsApp image from +491701234567: the door"],
    [
      "a WhatsApp status",
      whatsapp({
        statuses: [{ id: "wamid.A", status: "failed", recipient_id: "4917", errors: [{ title: "Undeliverable" }] }],
      }),
      "WhatsApp message to +4917: failed (Undeliverable)",
    ],
    [
      "several WhatsApp messages",
      whatsapp({ contacts, messages: [hello, image] }),
      "2 WhatsApp items, the first: WhatsApp message from Alice (+491701234567): hello there",
    ],
    [
      "a Stripe event",
      {
        object: "event",
        type: "invoice.paid",
        livemode: false,
        data: { object: { id: "in_1", amount_paid: 2050, currency: "usd", customer_email: "jane@example.com" } },
      },
      "Stripe invoice.paid: 20.50 USD, jane@example.com (in_1) [test mode]",
    ],
    [
      "a Stripe event in a currency without cents",
      {
        object: "event",
        type: "charge.failed",
        data: { object: { amount: 500, currency: "jpy", failure_message: "No" } },
      },
      "Stripe charge.failed: 500 JPY, No",
    ],
    [
      "a Slack event",
      { type: "event_callback", event: { type: "app_mention", user: "U1", channel: "C1", text: "<@U9> hi" } },
      "Slack app mention from U1 in C1: <@U9> hi",
    ],
    ["a Slack check", { type: "url_verification", challenge: "x" }, "Slack checks the address of the webhook"],
    [
      "a Telegram message",
      { update_id: 1, message: { from: { first_name: "Al", username: "al" }, chat: { title: "Team" }, text: "hi" } },
      "Telegram message from Al (@al) in Team: hi",
    ],
    [
      "a Telegram photo",
      { update_id: 1, message: { photo: [], from: { username: "al" } } },
      "Telegram message from @al: photo",
    ],
    ["JSON with a message", { message: "disk full", host: "a" }, "disk full"],
    ["JSON with a type and a text", { type: "alert", text: "disk full" }, "alert: disk full"],
    ["JSON with words one level down", { message: { text: "disk full" } }, "disk full"],
    ["JSON with a type alone", { event: "door.opened", door: 3 }, "door.opened: door=3"],
    ["JSON with scalars alone", { host: "a", load: 0.5, ok: true, token: "s3cret" }, "host=a, load=0.5, ok=true"],
    ["JSON with objects alone", { user: {}, items: [] }, "JSON with user, items"],
    ["a JSON list", [{ text: "first" }, { text: "second" }], "2 items: first"],
    ["an empty JSON object", {}, "An empty JSON object"],
    ["an empty JSON list", [], "An empty JSON list"],
    ["a JSON number", 42, "42"],
    ["an empty body", "", "An empty body"],
    ["blanks", " \n ", "An empty body"],
  ])("%s is told as one line", (_what, body, expected) => {
    expect(summarize(delivery(body))).toBe(expected);
  });

  test.each<[string, string, string]>([
    ["a form", "host=a&password=x&load=1", "host=a, load=1"],
    ["a form with a text", "text=disk+full&host=a", "disk full"],
    ["a Slack command", "command=%2Fdeploy&text=app&user_name=al&response_url=x", "Slack command /deploy from al: app"],
    ["a Twilio message", "MessageSid=SM1&From=%2B4917&Body=hi", "Message from +4917: hi"],
    ["JSON that was called a form", '{"message":"hi"}', "hi"],
    ["an empty form", "&", "An empty body"],
  ])("%s is told as one line", (_what, body, expected) => {
    expect(summarize(delivery(body, FORM))).toBe(expected);
  });

  test("the message that the delivery id names is told, and no other", () => {
    const body = whatsapp({ contacts, messages: [hello, image] });
    expect(summarize(delivery(body, { delivery_id: "wamid.B" }))).toBe(
      "WhatsApp image from Alice (+491701234567): the door",
    );
  });

  test("plain text is told by its beginning, binary by its size and type", () => {
    expect(summarize(delivery("one\ntwo", { content_type: "text/plain" }))).toBe("one two");
    const png = new Uint8Array(1_234).fill(0x89);
    expect(summarize(delivery(png, { content_type: "image/png" }))).toBe("1.2 KB of image/png");
    expect(summarize(delivery(png, { content_type: "\u001b[31m" }))).toBe("1.2 KB of unknown type");
    const upload = delivery("--x\r\n", { content_type: "multipart/form-data; boundary=x" });
    expect(summarize(upload)).toBe("5 bytes of multipart/form-data");
  });

  test("text that is cut stays within 200 characters and keeps its last character whole", () => {
    const said = summarize(delivery({ message: "😀".repeat(300) }));
    expect(said.length).toBeLessThanOrEqual(200);
    expect(said).toEndWith("😀…");
    expect(said.isWellFormed()).toBe(true);
  });

  test("escapes, bidi overrides and invisible characters are gone", () => {
    const said = summarize(delivery({ message: "a\u001b[2Jb\u202ec\u2066d\u200be\u0000f\u{e0041}g\u009bh" }));
    expect(said).toBe("a[2Jbcdefgh");
  });

  test("text that nobody can see is told by its size", () => {
    expect(summarize(delivery({ message: "\u202e\u200b" }))).toBe("20 bytes of application/json");
  });

  test("JSON nested 100,000 deep and keys of 100,000 characters give a short line", () => {
    const deep = [`{"a":`.repeat(100_000), "1", "}".repeat(100_000)].join("");
    expect(summarize(delivery(deep))).toBe("JSON with a");
    expect(summarize(delivery(`${"[".repeat(100_000)}${"]".repeat(100_000)}`))).toBe("1 item");
    expect(summarize(delivery({ ["k".repeat(100_000)]: {} })).length).toBeLessThan(100);
  });

  test("`__proto__` is a key like any other", () => {
    expect(summarize(delivery('{"__proto__":{"message":"no"},"constructor":{"message":"no"}}'))).toBe(
      "JSON with __proto__, constructor",
    );
  });

  test("any bytes of any type give one line and never throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.string(), (bytes, content_type) => {
        expect(summarize(delivery(bytes, { content_type }))).toMatch(SANE_LINE);
      }),
    );
  });

  test("any JSON in any field that is looked at gives one line and never throws", () => {
    fc.assert(
      fc.property(hostile(), fc.constantFrom("", ...EVENT_NAMES), (value, name) => {
        const headers = name === "" ? {} : { "x-github-event": name };
        const event = delivery(value ?? null, { headers });
        expect(summarize(event)).toMatch(SANE_LINE);
        expect(eventType(headers, readBody(event.content_type, event.body))).toMatch(/^[\w.:/-]{1,64}$/);
      }),
      { numRuns: 400 },
    );
  });
});

const EVENT_NAMES = [
  "push",
  "pull_request",
  "issues",
  "issue_comment",
  "pull_request_review",
  "workflow_run",
  "release",
  "ping",
  "star",
  "fork",
  "create",
  "delete",
  "gollum",
  "__proto__",
  "toString",
];

const KEYS = (
  "action alert amount body caption changes channel chat command comment commits contacts content currency data deleted " +
  "entry errors event event_type forkee from full_name head_commit hook id issue label livemode login message messages " +
  "name number object organization pages payload profile pull_request recipient_id ref ref_type release repository " +
  "review sender starred_at state status statuses text title type update_id user value wa_id workflow_run zen __proto__"
).split(" ");

/** Trees built of the very keys that the summaries look for, with a value of the wrong type in every place. */
function hostile(): fc.Arbitrary<unknown> {
  const words = fc.constantFrom(
    "event",
    "event_callback",
    "whatsapp_business_account",
    "created",
    "a/b",
    "usd",
    "\u202e",
  );
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.oneof(words, fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    node: fc.dictionary(fc.constantFrom(...KEYS), tie("tree"), { maxKeys: 12 }),
    items: fc.array(tie("tree"), { maxLength: 3 }),
    tree: fc.oneof({ depthSize: "medium" }, tie("leaf"), tie("node"), tie("node"), tie("items")),
  }));
  return tree;
}
