import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Router } from "../../src/http/router.ts";

const TABLE = [
  { method: "GET", path: "/" },
  { method: "GET", path: "/api/events" },
  { method: "GET", path: "/api/events/:id" },
  { method: "DELETE", path: "/api/events/:id" },
  { method: "GET", path: "/api/events/:id/body" },
  { method: "POST", path: "/api/events/replay" },
  { method: "POST", path: "/pair" },
] as const;

const router = new Router(TABLE);

function found(method: string, path: string) {
  const match = router.match(method, path);
  return match.found === "route" ? { path: match.route.path, params: match.params } : match;
}

describe("Router", () => {
  test("finds literal paths and patterns, with their parameters", () => {
    expect(found("GET", "/")).toEqual({ path: "/", params: {} });
    expect(found("GET", "/api/events/7")).toEqual({ path: "/api/events/:id", params: { id: "7" } });
    expect(found("DELETE", "/api/events/7")).toEqual({ path: "/api/events/:id", params: { id: "7" } });
    expect(found("GET", "/api/events/7/body")).toEqual({ path: "/api/events/:id/body", params: { id: "7" } });
  });

  test("takes a literal path before a pattern, also when only the pattern has the method", () => {
    expect(found("POST", "/api/events/replay")).toEqual({ path: "/api/events/replay", params: {} });
    expect(found("DELETE", "/api/events/replay")).toEqual({ found: "other_method", methods: ["POST", "OPTIONS"] });
  });

  test("answers HEAD wherever GET is, and nowhere else", () => {
    expect(found("HEAD", "/api/events/7")).toEqual({ path: "/api/events/:id", params: { id: "7" } });
    expect(found("HEAD", "/pair")).toEqual({ found: "other_method", methods: ["POST", "OPTIONS"] });
  });

  test("names every method of an address that has another", () => {
    expect(found("PUT", "/api/events/7")).toEqual({
      found: "other_method",
      methods: ["GET", "DELETE", "HEAD", "OPTIONS"],
    });
  });

  test.each(["/api/events/", "/api/events/7/", "/api/Events", "//", "/api/events//body", "", "/api/events/%"])(
    "finds nothing at %p",
    (path) => {
      expect(found("GET", path)).toEqual({ found: "nothing" });
    },
  );

  test("decodes a parameter once and never lets it cross a segment", () => {
    expect(found("GET", "/api/events/a%2Fb")).toEqual({ path: "/api/events/:id", params: { id: "a/b" } });
    expect(found("GET", "/api/events/%252e")).toEqual({ path: "/api/events/:id", params: { id: "%2e" } });
    expect(found("GET", "/%61pi/events")).toEqual({ found: "nothing" });
  });

  test("keeps names of Object.prototype apart", () => {
    expect(found("GET", "/api/events/__proto__")).toEqual({ path: "/api/events/:id", params: { id: "__proto__" } });
    expect(found("constructor", "/")).toMatchObject({ found: "other_method" });
    expect(found("GET", "/constructor")).toEqual({ found: "nothing" });
  });

  test("never throws, whatever the method and the path", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: "binary" }), (method, path) => {
        const { found } = router.match(method, path);
        expect(["route", "other_method", "nothing"]).toContain(found);
      }),
    );
  });

  test("refuses a table with two routes for one method and path", () => {
    const twice = [TABLE[2], TABLE[2]];
    expect(() => new Router(twice)).toThrow("Two routes for GET /api/events/:id");
    expect(() => new Router([TABLE[0], TABLE[0]])).toThrow("Two routes for GET /");
  });
});
