import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readGraphError, readMessageId, remedy } from "../../src/replies/graph-error.ts";

describe("readGraphError", () => {
  test("reads code, message and details", () => {
    const body = '{"error":{"message":"(#131056) Pair rate limit","code":131056,"error_data":{"details":"Too many"}}}';
    expect(readGraphError(body)).toEqual({ code: 131056, message: "(#131056) Pair rate limit: Too many" });
    expect(readGraphError('{"error":{"code":2}}')).toEqual({ code: 2, message: "no message" });
  });

  test("takes nothing else for Meta's word, and nothing else for a message's id", () => {
    for (const body of [
      "",
      "<html>",
      "null",
      "[]",
      "{}",
      '{"error":null}',
      '{"error":"x"}',
      '{"error":{"code":"2"}}',
    ]) {
      expect([body, readGraphError(body)]).toEqual([body, null]);
    }
    for (const body of [
      "",
      "null",
      "{}",
      '{"messages":{}}',
      '{"messages":[]}',
      '{"messages":[null]}',
      '{"messages":[{"id":""}]}',
    ]) {
      expect([body, readMessageId(body)]).toEqual([body, null]);
    }
    expect(readMessageId('{"messages":[{"id":"wamid.x"}]}')).toBe("wamid.x");
  });

  test("never throws, whatever JSON comes", () => {
    fc.assert(
      fc.property(fc.json(), (body) => {
        expect(() => [readGraphError(body), readMessageId(body)]).not.toThrow();
      }),
    );
  });
});

test("remedy names what to do about every kind of error", () => {
  expect(remedy({ code: 190, message: "" })).toContain("access_token");
  expect(remedy({ code: 131047, message: "" })).toContain("24 hours");
  expect(remedy({ code: 470, message: "" })).toContain("24 hours");
  expect(remedy({ code: 200, message: "" })).toContain("whatsapp_business_messaging");
  expect(remedy({ code: 999_999, message: "" })).toContain("Meta's list");
});
