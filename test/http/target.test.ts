import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseTarget } from "../../src/http/target.ts";

describe("parseTarget", () => {
  test.each([
    ["http://h/", { path: "/", query: "" }],
    ["http://h", { path: "/", query: "" }],
    ["https://h:8585/api/status?x=1&y", { path: "/api/status", query: "x=1&y" }],
    ["http://[::1]:8585/a?b?c", { path: "/a", query: "b?c" }],
    ["http://h/a%2Fb/%72", { path: "/a%2Fb/%72", query: "" }],
    ["http://h//evil.example/x", { path: "//evil.example/x", query: "" }],
    ["http://h/a?", { path: "/a", query: "" }],
  ])("splits %s without decoding anything", (url, target) => {
    expect(parseTarget(url)).toEqual(target);
  });

  test.each(["/", "/r", "", "ftp://h/x", "*", "h/x", "HTTP://h/"])("is null for %p, which names no host", (url) => {
    expect(parseTarget(url)).toBeNull();
  });

  test("says the same as URL for every URL that a Request can have", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, validSchemes: ["http", "https"] }), (text) => {
        const { url } = new Request(text);
        const { pathname, search } = new URL(url);
        expect(parseTarget(url)).toEqual({ path: pathname, query: search.slice(1) });
      }),
    );
  });
});
