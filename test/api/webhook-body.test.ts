import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseWebhook, questionIn, questionOf, WEBHOOK_SOURCE } from "../../src/api/webhook-body.ts";
import type { EventWithBody } from "../../src/protocol/event.ts";
import { Problem } from "../../src/protocol/problem.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

const EVENT: EventWithBody = {
  event_id: "e",
  source: WEBHOOK_SOURCE,
  type: "message",
  delivery_id: null,
  state: "received",
  attempts: 0,
  session_id: "s",
  device_id: "d",
  received_at: 0,
  updated_at: 0,
  size: 0,
  content_type: "application/json",
  error: null,
  headers: {},
  body: new Uint8Array(),
  purged: false,
  tries: 1,
  response: null,
  model: null,
};

function eventOf(body: string, other: Partial<EventWithBody> = {}): EventWithBody {
  return { ...EVENT, body: utf8(body), size: body.length, ...other };
}

describe("parseWebhook", () => {
  test.each([
    ["application/json", '{"a":1}', { type: "application/json", body: { kind: "json", value: { a: 1 } } }],
    ["Application/JSON; charset=utf-8", "[1]", { type: "application/json", body: { kind: "json", value: [1] } }],
    [
      "application/cloudevents+json",
      "null",
      { type: "application/cloudevents+json", body: { kind: "json", value: null } },
    ],
    ["text/plain", "Hello", { type: "text/plain", body: { kind: "text", text: "Hello" } }],
    ["text/plain", '{"a":1}', { type: "text/plain", body: { kind: "text", text: '{"a":1}' } }],
    [null, "Hello", { type: "text/plain", body: { kind: "text", text: "Hello" } }],
    [null, '{"a":1}', { type: "application/json", body: { kind: "json", value: { a: 1 } } }],
    ["", ' [{"a":1}]', { type: "application/json", body: { kind: "json", value: [{ a: 1 }] } }],
    [null, "{not json", { type: "text/plain", body: { kind: "text", text: "{not json" } }],
  ])("reads %p of %p", (type, body, expected) => {
    expect(parseWebhook(type, utf8(body))).toEqual(expected as ReturnType<typeof parseWebhook>); // as literals they are wider
  });

  const FORM = "application/x-www-form-urlencoded";

  test("reads a form's fields, and JSON that curl -d calls a form as JSON", () => {
    expect(parseWebhook(FORM, utf8("Body=Hi+there&From=%2B49"))).toEqual({
      type: FORM,
      body: {
        kind: "form",
        fields: new Map([
          ["Body", "Hi there"],
          ["From", "+49"],
        ]),
      },
    });
    expect(parseWebhook(FORM, utf8('{"message":"Hi"}')).body).toEqual({ kind: "json", value: { message: "Hi" } });
    expect(parseWebhook(FORM, utf8("{a=1")).body.kind).toBe("form");
  });

  test.each([
    ["application/json", "", "bad_json"],
    ["application/json", "{", "bad_json"],
    [null, "", "bad_json"],
    ["text/plain", "", "bad_json"],
    ["multipart/form-data; boundary=x", "--x", "unsupported_media_type"],
    ["application/octet-stream", "x", "unsupported_media_type"],
    ["nonsense", "x", "unsupported_media_type"],
  ])("refuses %p with the body %p as %s", (type, body, code) => {
    expect(codeOf(() => parseWebhook(type, utf8(body)))).toBe(code);
  });

  test("refuses what is no UTF-8", () => {
    for (const type of ["application/json", "text/plain", null])
      expect(codeOf(() => parseWebhook(type, Uint8Array.of(0xff, 0xfe)))).toBe("bad_text");
  });

  test("throws nothing but Problems, whatever type and bytes", () => {
    fc.assert(
      fc.property(fc.option(fc.string({ unit: "binary" })), fc.uint8Array({ maxLength: 40 }), (type, bytes) => {
        codeOf(() => parseWebhook(type, bytes));
      }),
    );
  });
});

describe("questionIn", () => {
  const asJson = (value: unknown) => questionIn({ kind: "json", value } as Parameters<typeof questionIn>[0]); // any JSON

  test("is an object whose only keys are a question's", () => {
    expect(asJson({ message: "Hi" })).toEqual({ message: "Hi" });
    expect(asJson({ message: "Hi", session_id: "s", stream: false })).not.toBeNull();
    expect(asJson({ session_id: "s" })).not.toBeNull();
  });

  test.each(["{}", '{"message":"Hi","from":"me"}', '[{"message":"Hi"}]', '"message"', "null", "7", '{"__proto__":1}'])(
    "is not %s",
    (text) => {
      expect(asJson(JSON.parse(text))).toBeNull();
    },
  );

  test("is no form and no text", () => {
    expect(questionIn({ kind: "form", fields: new Map([["message", "Hi"]]) })).toBeNull();
    expect(questionIn({ kind: "text", text: '{"message":"Hi"}' })).toBeNull();
  });
});

describe("questionOf", () => {
  test("reads a stored question's message", () => {
    expect(questionOf(eventOf('{"message":"Hi"}'))).toBe("Hi");
    expect(questionOf(eventOf('{"message":"Hi"}', { content_type: "application/json" }))).toBe("Hi");
  });

  test.each([
    ["of another source", eventOf('{"message":"Hi"}', { source: "github" })],
    ["with more keys", eventOf('{"message":"Hi","x":1}')],
    ["without a message", eventOf('{"session_id":"s"}')],
    ["with a message that is no text", eventOf('{"message":1}')],
    ["larger than any question", eventOf('{"message":"Hi"}', { size: 65_537 })],
    ["that cannot be read", eventOf("{")],
  ])("is null for an event %s", (_what, event) => {
    expect(questionOf(event)).toBeNull();
  });
});

function codeOf(task: () => unknown): string {
  try {
    task();
    return "none";
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
}
