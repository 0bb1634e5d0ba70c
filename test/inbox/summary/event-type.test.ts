import { describe, expect, test } from "bun:test";
import { readBody } from "../../../src/inbox/summary/body.ts";
import { eventType } from "../../../src/inbox/summary/event-type.ts";

function typeOf(body: unknown, headers: Record<string, string> = {}, contentType = "application/json"): string {
  const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  return eventType(headers, readBody(contentType, bytes));
}

describe("eventType()", () => {
  test.each<[string, unknown, string]>([
    ["type", { type: "invoice.paid", event: "x" }, "invoice.paid"],
    ["event", { event: "door.opened" }, "door.opened"],
    ["event_type", { event_type: "PAYMENT.CAPTURE" }, "PAYMENT.CAPTURE"],
    ["action", { action: "created" }, "created"],
  ])("is the JSON's `%s`", (_key, body, expected) => {
    expect(typeOf(body)).toBe(expected);
  });

  test.each<[string, unknown]>([
    ["with blanks", { type: "two words" }],
    ["that is too long", { type: "x".repeat(65) }],
    ["that is empty", { type: "" }],
    ["with control characters", { type: "a\u001b[31m" }],
    ["of another kind", { type: { name: "x" } }],
    ["in a list", [{ type: "x" }]],
  ])("is `event` for a name %s", (_what, body) => {
    expect(typeOf(body)).toBe("event");
  });

  test("falls through to the next name when one is not sane", () => {
    expect(typeOf({ type: "two words", event: "door.opened" })).toBe("door.opened");
  });

  test("is GitHub's header with the action behind it", () => {
    const headers = { "x-github-event": "pull_request" };
    expect(typeOf({ action: "opened" }, headers)).toBe("pull_request.opened");
    expect(typeOf({ action: "not sane" }, headers)).toBe("pull_request");
    expect(typeOf("not JSON", headers)).toBe("pull_request");
    expect(typeOf({ type: "x" }, { "x-github-event": "two words" })).toBe("x");
  });

  test("is what happened inside an envelope, not the envelope's name", () => {
    const change = (value: unknown) => ({ object: "whatsapp_business_account", entry: [{ changes: [{ value }] }] });
    expect(typeOf({ type: "event_callback", event: { type: "app_mention" } })).toBe("app_mention");
    expect(typeOf({ update_id: 1, callback_query: {} })).toBe("callback_query");
    expect(typeOf(change({ messages: [{}] }))).toBe("message");
    expect(typeOf(change({ statuses: [{}] }))).toBe("status");
  });

  test("is `message` for what was said and `event` for the rest", () => {
    expect(typeOf({ message: "hi" })).toBe("message");
    expect(typeOf("hi", {}, "text/plain")).toBe("message");
    expect(typeOf("Body=hi", {}, "application/x-www-form-urlencoded")).toBe("message");
    expect(typeOf("a=1", {}, "application/x-www-form-urlencoded")).toBe("event");
    expect(typeOf({ load: 1 })).toBe("event");
    expect(typeOf("")).toBe("event");
  });
});
