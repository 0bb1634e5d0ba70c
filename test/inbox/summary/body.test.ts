import { describe, expect, test } from "bun:test";
import { mediaType, readBody } from "../../../src/inbox/summary/body.ts";

const FORM = "application/x-www-form-urlencoded";

function read(text: string, contentType = "application/json") {
  return readBody(contentType, new TextEncoder().encode(text));
}

describe("readBody()", () => {
  test.each([
    ["application/json", "42", { kind: "json", value: 42 }],
    ["application/vnd.x+json; charset=utf-8", "null", { kind: "json", value: null }],
    ["text/plain", ' {"a":1}', { kind: "json", value: { a: 1 } }],
    [FORM, '{"a":1}', { kind: "json", value: { a: 1 } }],
    [FORM, "payload=%5B1%5D&x=y", { kind: "json", value: [1] }],
    [
      FORM,
      "a=1&a=2&b=",
      {
        kind: "form",
        fields: new Map([
          ["a", "1"],
          ["b", ""],
        ]),
      },
    ],
    ["application/json", "{oops", { kind: "text", text: "{oops" }],
    ["text/plain", "hi", { kind: "text", text: "hi" }],
    ["", "  \n", { kind: "empty" }],
    ["multipart/form-data; boundary=x", "--x--", { kind: "opaque" }],
    ["text/plain", "a\0b", { kind: "opaque" }],
  ] as const)("reads %p %j for what it is", (contentType, text, expected) => {
    expect(read(text, contentType)).toEqual(expected);
  });

  test("takes bytes that are no UTF-8, or more than 4 MB, for opaque", () => {
    expect(readBody("text/plain", new Uint8Array([0xff]))).toEqual({ kind: "opaque" });
    expect(readBody("application/json", new Uint8Array(4 * 1024 * 1024 + 1).fill(0x20))).toEqual({ kind: "opaque" });
  });

  test("drops a byte order mark", () => {
    expect(read("\ufeff[1]")).toEqual({ kind: "json", value: [1] });
  });
});

test("mediaType() is the type without its parameters, in lower case", () => {
  expect(mediaType(" Text/Plain ; charset=utf-8")).toBe("text/plain");
  expect(mediaType("")).toBe("");
});
