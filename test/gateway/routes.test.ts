import { describe, expect, test } from "bun:test";

import type { Route } from "../../src/gateway/route.ts";
import { MAX_BODY, type RouteParts, routes } from "../../src/gateway/routes.ts";
import { Router } from "../../src/http/router.ts";

const V1_MAX_BODY = 4_000_000;
const TABLE: readonly Route[] = routes({ config: { v1: { max_body: V1_MAX_BODY } } } as RouteParts); // the handlers are made, not called

/** Whoever comes to these proves itself by its delivery. */
const SOURCES = ["/webhook/:source", "/webhook/:source/:secret", "/github", "/whatsapp"];

const names = (rows: readonly Route[]) => rows.map(({ method, path }) => `${method} ${path}`);

describe("the route table", () => {
  test("has one row for each method and path, and the router takes them all", () => {
    expect(new Set(names(TABLE)).size).toBe(TABLE.length);
    expect(() => new Router(TABLE)).not.toThrow();
    expect(TABLE.length).toBeGreaterThan(20);
  });

  test("lets nobody change anything without a token, but for pairing, which is how one gets one", () => {
    const open = TABLE.filter(({ method, auth }) => method !== "GET" && (auth === "none" || auth === "any"));
    expect(names(open)).toEqual([...SOURCES.map((path) => `POST ${path}`), "POST /pair"]);
  });

  test("shows nothing without a token, but for what says whether and what the gateway is, and the socket", () => {
    const open = TABLE.filter(({ method, auth }) => method === "GET" && (auth === "none" || auth === "any"));
    expect(names(open)).toEqual([
      ...SOURCES.map((path) => `GET ${path}`),
      "GET /",
      "GET /health",
      "GET /api/openapi.json",
      "GET /api/status",
      "GET /ws",
    ]);
  });

  test("looks at no token where deliveries prove themselves, on /health, which must answer whatever comes along, and on /pair, where there is none yet", () => {
    expect(names(TABLE.filter(({ auth }) => auth === "none"))).toEqual([
      ...SOURCES.flatMap((path) => [`POST ${path}`, `GET ${path}`]),
      "GET /health",
      "POST /pair",
    ]);
  });

  test("counts every request, but for /health, which watchdogs ask, and this machine's own commands", () => {
    const free = TABLE.filter(({ limit }) => limit === "none");
    expect(names(free)).toEqual(["GET /health", "GET /local/paircode", "POST /local/paircode"]);
  });

  test("gives pairing a window of its own, so that nobody uses up anybody's by guessing codes", () => {
    expect(names(TABLE.filter(({ limit }) => limit === "pair"))).toEqual(["POST /pair"]);
  });

  test("keeps to the Unix socket what stands under /local, and nothing else", () => {
    for (const { path, auth } of TABLE)
      expect({ path, local: auth === "local" }).toEqual({ path, local: path.startsWith("/local/") });
  });

  test("reads bodies of POST and PATCH only, at most the page's 64 KB, and under /v1 its own size", () => {
    expect(MAX_BODY).toBe(65_536);
    for (const { method, path, maxBody } of TABLE) {
      if (SOURCES.includes(path) || path.endsWith("/replay")) continue; // each source has its own; a replay has none
      const own = path.startsWith("/v1/") ? V1_MAX_BODY : 65_536;
      const expected = method === "POST" || method === "PATCH" ? own : 0;
      expect({ method, path, maxBody }).toEqual({ method, path, maxBody: expected });
    }
  });

  test("gives a sender of events no more than the webhook, and the end of its own device", () => {
    expect(names(TABLE.filter(({ auth }) => auth === "ingest"))).toEqual(["POST /webhook", "DELETE /api/devices/:id"]);
  });

  test("gives a chat token no more than the agent, runs and sessions besides", () => {
    expect(names(TABLE.filter(({ auth }) => auth === "chat"))).toEqual([
      "GET /v1/models",
      "GET /v1/models/:id",
      "POST /v1/chat/completions",
      "POST /v1/responses",
      "POST /api/message",
      "GET /api/runs/:id",
      "DELETE /api/runs/:id",
      "GET /api/permissions",
      "POST /api/permissions/:id",
      "GET /api/sessions",
      "GET /api/sessions/:id",
      "DELETE /api/sessions/:id",
    ]);
  });

  test("has the page's four addresses", () => {
    for (const name of ["POST /webhook", "POST /api/message", "GET /api/status", "GET /health", "GET /ws"])
      expect(names(TABLE)).toContain(name);
  });
});
