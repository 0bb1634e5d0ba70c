import { describe, expect, test } from "bun:test";
import { saidBy, saidIn, secretsOf, shown } from "../../../src/agent/model/said.ts";

describe("saidIn()", () => {
  test.each([
    ['{"error":{"message":"No such model","type":"x"}}', "No such model"],
    ['{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "Overloaded"],
    ['{"error":"model not found"}', "model not found"],
    ['{"detail":[{"msg":"field required"}]}', "field required"],
    ['[{"error":{"message":"API key not valid"}}]', "API key not valid"],
    ['{"object":"error","message":"bad"}', "bad"],
    ['{"unheard":"of"}', "{'unheard':'of'}"],
    ["<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"],
    ["<!DOCTYPE html><body><h1>Sign</h1> in</body>", "Sign in"],
    ["plain\r\n\u0000 text\u001b[2J", "plain text[2J"],
    ["", ""],
  ])("finds in %p what a person should read", (body, said) => {
    expect(saidIn(body, [])).toBe(said);
  });

  test("survives arrays in arrays without end", () => {
    expect(saidIn("[".repeat(30_000) + "]".repeat(30_000), [])).toHaveLength(300);
  });
});

test("saidBy() takes objects, texts and errors", () => {
  expect(saidBy({ message: "one" }, [])).toBe("one");
  expect(saidBy("two", [])).toBe("two");
  expect(saidBy(new Error("three"), [])).toBe("three");
  expect(saidBy(undefined, [])).toBe("undefined");
});

test("shown() takes out what is secret before it cuts", () => {
  expect(shown(`${"a".repeat(10)}secret-secret`, ["secret-secret"], 12)).toBe(`${"a".repeat(10)}*…`);
});

test("secretsOf() knows the key, a password and a query's values, as they are and encoded", () => {
  const secrets = secretsOf("k+y", "https://me:pa%2Fss@box.example/v1?key=q%20v");
  expect(secrets).toContain("k+y");
  expect(secrets).toContain("k%2By");
  expect(secrets).toContain("pa%2Fss");
  expect(secrets).toContain("pa/ss");
  expect(secrets).toContain("q v");
  expect(secretsOf(null, "http://127.0.0.1:11434/v1")).toEqual([]);
});
