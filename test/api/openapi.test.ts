import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openapiDocument } from "../../src/api/openapi-document.ts";
import type { Route } from "../../src/gateway/route.ts";
import { type RouteParts, routes } from "../../src/gateway/routes.ts";
import type { StoredRefusal } from "../../src/protocol/refusal.ts";
import type { Answer } from "../support/gateway-client.ts";
import { Door, type DoorClient, UNLIMITED } from "../support/services.ts";
import { resolve, violations } from "./json-schema.ts";

type Node = Readonly<Record<string, unknown>>;

interface Operation extends Node {
  readonly operationId: string;
  readonly security?: readonly Node[];
  readonly parameters?: readonly Node[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Node }>> };
  readonly responses: Readonly<Record<string, Node>>;
}

const DOCUMENT = openapiDocument();
const PATHS = DOCUMENT["paths"] as Readonly<Record<string, Readonly<Record<string, Operation>>>>; // an OpenAPI document's
const OPERATIONS = Object.entries(PATHS).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

/** The table's handlers are made, not called. */
const TABLE: readonly Route[] = routes({ config: { v1: { max_body: 1 } } } as RouteParts);

/** Not of the HTTP API: a page for people, the WebSocket, and the addresses of this machine's commands. */
function documented({ path, auth }: Route): boolean {
  return path !== "/" && path !== "/ws" && auth !== "local";
}

function operationOf(method: string, path: string): Operation {
  const operation = PATHS[path]?.[method.toLowerCase()];
  if (!operation) throw new Error(`The document has no ${method} ${path}`);
  return operation;
}

describe("/api/openapi.json", () => {
  test("is what OpenAPI 3.1 asks of a document", () => {
    expect(DOCUMENT["openapi"]).toBe("3.1.0");
    expect(
      Object.entries(DOCUMENT["info"] ?? {}).filter(([name]) => name === "title" || name === "version"),
    ).toHaveLength(2);
    const ids = OPERATIONS.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of OPERATIONS) {
      expect(path).toMatch(/^\/[^?#]*$/);
      expect(Object.keys(operation.responses).length).toBeGreaterThan(1);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^([1-5]\d\d|default)$/);
        expect("$ref" in response || typeof response["description"] === "string").toBe(true);
      }
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((one) => one["in"] === "path");
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      for (const parameter of operation.parameters ?? []) {
        expect(["path", "query", "header"]).toContain(String(parameter["in"]));
        expect([typeof parameter["name"], typeof parameter["schema"]]).toEqual(["string", "object"]);
      }
      for (const scheme of operation.security?.flatMap(Object.keys) ?? [])
        expect(resolve(`#/components/securitySchemes/${scheme}`, DOCUMENT)).toBeDefined();
    }
  });

  test("points nowhere with a $ref that is not there", () => {
    const refs = [...JSON.stringify(DOCUMENT).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? "");
    expect(refs.length).toBeGreaterThan(30);
    for (const ref of refs) expect(() => resolve(ref, DOCUMENT)).not.toThrow();
  });

  test("has every route of the table, and no other", () => {
    const table = TABLE.filter(documented).map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    expect(OPERATIONS.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(table.sort());
  });

  test("says of each route who may come in and whether it takes a body, as the table does", () => {
    for (const route of TABLE.filter(documented)) {
      const { security, requestBody } = operationOf(route.method, route.path.replace(/:(\w+)/g, "{$1}"));
      const expected = { none: [], any: [{}, { token: [] }] }[String(route.auth)];
      expect({ path: route.path, security }).toEqual({ path: route.path, security: expected });
      // A source's own size applies, not the table's.
      const takesBody = route.maxBody > 0 || (route.limit === "source" && route.method === "POST");
      expect({ path: route.path, body: requestBody !== undefined }).toEqual({ path: route.path, body: takesBody });
    }
  });

  test("is served as it is, to anyone", async () => {
    await using door = await Door.open();
    const { status, headers, json } = await door.client().get("/api/openapi.json");
    expect([status, headers.get("content-type")]).toEqual([200, "application/vnd.oai.openapi+json;version=3.1"]);
    expect(json).toEqual(JSON.parse(JSON.stringify(DOCUMENT)));
  });
});

/** What is wrong with an answer by the document; it must be described there, with its status and its type. */
function complaints(method: string, path: string, answer: Answer): readonly string[] {
  const { responses } = operationOf(method, path);
  const found = responses[String(answer.status)] ?? responses["default"] ?? {};
  const response = typeof found["$ref"] === "string" ? resolve(found["$ref"], DOCUMENT) : found;
  const content = response["content"] as Readonly<Record<string, { schema?: Node }>> | undefined; // as OpenAPI has it
  if (!content) return answer.text === "" ? [] : [`${method} ${path}: ${answer.status} has a body`];
  const type = answer.headers.get("content-type")?.split(";", 1)[0] ?? "";
  const described = content[type.replace("vnd.oai.openapi+", "")];
  if (!described) return [`${method} ${path}: ${answer.status} is ${type}`];
  if (!type.endsWith("json") || !described.schema) return [];
  return violations(described.schema, answer.json, DOCUMENT).map((one) => `${method} ${path} ${answer.status} ${one}`);
}

const SHOP = `${UNLIMITED}
[channels.shop]
scheme = "bearer"
secret = "sesame"
`;

const REFUSAL: StoredRefusal = {
  request_id: "01a20320-a200-7000-8000-000000000000",
  at: Date.parse("2026-11-22T11:00:00Z"),
  source: "shop",
  reason: "wrong_signature",
  detail: "What was found.",
  fix: "What to do.",
  client: "192.0.2.7",
  size: 7,
  delivery_id: "d1",
  event: null,
};

/** Asks for every operation that there is, with what is there and with what is not. */
async function everyAnswer(door: Door, owner: DoorClient) {
  const chat = await door.paired("chat");
  const run_id = (await owner.post("/api/message", { message: "Hi", session_id: "s" })).field("run_id");
  const event_id = (await owner.post("/webhook", { type: "deploy" })).field("event_id");
  await door.until("the event is done", async () => (await door.store.events.get(event_id))?.state === "done");
  door.clock.advance(60_000);
  await door.settle();
  await door.store.refusals.add([REFUSAL]);
  const pathIds: Readonly<Record<string, string>> = {
    runs: run_id,
    sessions: "s",
    events: event_id,
    devices: chat.device_id,
    sources: "shop",
    webhook: "shop",
  };
  const bodies: Readonly<Record<string, object>> = {
    message: { message: "Hi" },
    webhook: { message: "Hi" },
    renameDevice: { name: "kitchen" },
    createPaircode: { scope: "chat" },
    replayEvents: { state: "dead" },
    purgeEvents: { before: "1d" },
    testSource: { event: "nothing-like-it" },
  };
  const answers: { method: string; path: string; answer: Answer }[] = [];
  const deletesLast = OPERATIONS.toSorted((a, b) => Number(a.method === "DELETE") - Number(b.method === "DELETE"));
  for (const { path, method, operation } of deletesLast.filter(({ path }) => path !== "/api/stream")) {
    const [, first = "", second = ""] = path.split("/");
    const there = path.replace(/\{(id|source)\}/, pathIds[second] ?? pathIds[first] ?? "").replace("{secret}", "s");
    const body = operation.operationId === "pair" ? { code: door.code } : bodies[operation.operationId];
    const missing = path.replace(/\{\w+\}/g, "nothing-there");
    for (const asked of [there, missing])
      answers.push({ method, path, answer: await owner.request(method, asked, body) });
    answers.push({ method, path, answer: await door.client().request(method, there, body) });
  }
  return answers;
}

describe("what the gateway answers", () => {
  test("is what the document says, for every operation: done, refused, not there, for strangers", async () => {
    await using door = await Door.open({ config: SHOP });
    const answers = await everyAnswer(door, await door.paired());
    expect(answers.flatMap(({ method, path, answer }) => complaints(method, path, answer))).toEqual([]);
    const statuses = new Set(answers.map(({ answer }) => answer.status));
    expect([...statuses].sort()).toEqual([200, 202, 204, 400, 401, 403, 404, 405, 409, 415]);
  });

  test("is what the document says for deliveries, replays and purges", async () => {
    await using door = await Door.open({ config: SHOP, resume: false });
    const owner = await door.paired();
    const signed = { Authorization: "Bearer sesame", "Idempotency-Key": "d1" };
    const deliver = () => door.client().post("/webhook/shop", { order: 1 }, signed);
    const delivered = [await deliver(), await deliver()];
    expect(delivered.map(({ status }) => status)).toEqual([202, 200]);
    const complained = delivered.flatMap((answer) => complaints("POST", "/webhook/{source}", answer));
    const id = delivered[0]?.field("event_id") ?? "";
    const path = "/api/events/{id}";
    const replay = () => owner.post(`/api/events/${id}/replay`);
    complained.push(...complaints("POST", `${path}/replay`, await replay()));
    await door.store.events.claim(1, door.clock.now());
    await door.store.events.complete(id, 1, door.clock.now(), "stored only");
    complained.push(...complaints("POST", `${path}/replay`, await replay()));
    complained.push(...complaints("GET", path, await owner.get(`/api/events/${id}`)));
    await door.store.events.claim(1, door.clock.now());
    await door.store.events.complete(id, 2, door.clock.now(), "stored only");
    door.clock.advance(1);
    complained.push(
      ...complaints("POST", "/api/events/purge", await owner.post("/api/events/purge", { before: "0s" })),
    );
    const purged = await owner.get(`/api/events/${id}`);
    expect(purged.json["purged"]).toBe(true);
    complained.push(...complaints("GET", path, purged));
    for (const gone of [await replay(), await owner.get(`/api/events/${id}/body`)]) {
      expect(gone.json["code"]).toBe("event_purged");
      complained.push(...complaints("POST", `${path}/replay`, gone));
    }
    expect(complained).toEqual([]);
  });

  test("is what the document says for the answers that wait: accepted, running, and running again", async () => {
    await using door = await Door.open();
    door.agent.script = null;
    const owner = await door.paired();
    const headers = { "Idempotency-Key": "k" };
    const asking = owner.post("/api/message", { message: "Hi" }, headers);
    await door.until("it runs", () => door.agent.turns.length === 1, 0);
    door.clock.advance(25_000);
    const late = [await asking, await owner.post("/api/message", { message: "Hi" }, headers)];
    expect(late.map(({ status }) => status)).toEqual([202, 202]);
    expect(late.flatMap((answer) => complaints("POST", "/api/message", answer))).toEqual([]);
    expect(complaints("POST", "/webhook", await owner.post("/webhook", { a: 1 }))).toEqual([]);
  });
});

describe("docs/http-api.md", () => {
  const page = Bun.file(join(import.meta.dir, "../../docs/http-api.md")).text();

  /** Method, path, headers and body of a `curl` line, with the variables of the page filled in. */
  function parseCurl(line: string, token: string, code: string) {
    const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? "");
    const headers: Record<string, string> = {};
    let [method, path, body] = ["", "", undefined as string | undefined];
    for (let i = 1; i < words.length; i += 1) {
      const word = words[i] ?? "";
      if (!word.startsWith("-")) {
        path = word.replace("$URL", "");
        continue;
      }
      i += 1;
      const value = (words[i] ?? "").replace("$TOKEN", token).replace("WXYZ-1234-ABCD", code);
      if (word === "-X") method = value;
      if (word === "-d") body = value;
      if (word === "-H") headers[value.slice(0, value.indexOf(":"))] = value.slice(value.indexOf(":") + 2);
    }
    return { method: method || (body === undefined ? "GET" : "POST"), path, headers, body };
  }

  test("has curl lines that work as they stand, and whose answers have the fields that it shows", async () => {
    const blocks = [...(await page).matchAll(/```(sh|json)\n([\s\S]*?)```/g)].map(([, kind, text]) => ({
      kind,
      text: text ?? "",
    }));
    const lines = blocks.flatMap(({ kind, text }, i) => {
      const shown = blocks[i + 1]?.kind === "json" ? blocks[i + 1]?.text : undefined;
      return kind === "sh"
        ? text
            .split("\n")
            .filter((line) => line.startsWith("curl "))
            .map((line) => ({ line, shown }))
        : [];
    });
    expect(lines.length).toBeGreaterThan(3);
    await using door = await Door.open();
    const owner = await door.paired();
    for (const { line, shown } of lines) {
      const code = (await owner.post("/api/paircodes", { scope: "owner", device_name: "x" })).field("code");
      const { method, path, headers, body } = parseCurl(line, owner.token ?? "", code);
      const sent = body === undefined ? {} : { "Content-Type": "application/x-www-form-urlencoded" };
      const answer = await door.client().request(method, path, body, { ...sent, ...headers });
      expect({ line, ok: answer.status < 300 }).toEqual({ line, ok: true });
      expect(complaints(method, path, answer)).toEqual([]);
      if (shown !== undefined) expect(Object.keys(answer.json).sort()).toEqual(Object.keys(JSON.parse(shown)).sort());
    }
  });

  test("names every route, and none that is not there", async () => {
    const text = await page;
    const named = [...text.matchAll(/`?(?:GET|POST|PATCH|DELETE) (\/[\w/{}.]*)/g)].map(([, path]) => path ?? "");
    const known = TABLE.filter(documented).map(({ path }) => path.replace(/:(\w+)/g, "{$1}"));
    expect(named.filter((path) => !known.includes(path))).toEqual([]);
    expect(known.filter((path) => !text.includes(path))).toEqual([]);
  });
});
