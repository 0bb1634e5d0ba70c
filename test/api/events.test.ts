import { describe, expect, test } from "bun:test";
import type { Context } from "../../src/api/context.ts";
import { getEvent } from "../../src/api/events.ts";
import type { StoredReply } from "../../src/protocol/reply.ts";
import type { Answer } from "../support/gateway-client.ts";
import { Door, type DoorClient, storeWith } from "../support/services.ts";

const ids = (answer: Answer) => answer.rows("events").map(({ event_id }) => event_id);

/** A door whose worker sleeps, an owner, and events a minute apart. */
async function scene(count: number) {
  const door = await Door.open({ resume: false });
  const owner = await door.paired();
  const posted: string[] = [];
  for (let i = 0; i < count; i += 1) {
    posted.unshift((await owner.post("/webhook", { type: "deploy", number: i })).field("event_id"));
    door.clock.advance(60_000);
  }
  return { door, owner, posted };
}

async function bodyOf(owner: DoorClient, bytes: Uint8Array<ArrayBuffer>) {
  const headers = { "Content-Type": "text/plain" };
  const event_id = (await owner.post("/webhook", bytes, headers)).field("event_id");
  return { event_id, shown: (await owner.get(`/api/events/${event_id}`)).json };
}

const utf8 = (text: string) => new TextEncoder().encode(text);

describe("GET /api/events", () => {
  test("lists events newest first with the contract's fields", async () => {
    const { door, owner, posted } = await scene(2);
    await using _ = door;
    const list = await owner.get("/api/events");
    expect(ids(list)).toEqual(posted);
    expect(list.json["next"]).toBeNull();
    expect(list.rows("events")[1]).toEqual({
      event_id: posted[1],
      source: "webhook",
      type: "deploy",
      delivery_id: null,
      state: "received",
      attempts: 0,
      session_id: "webhook",
      received_at: "2026-11-22T12:00:00.000Z",
      updated_at: "2026-11-22T12:00:00.000Z",
      size: 28,
    });
  });

  test("pages without losing or repeating one, also when new ones come in between", async () => {
    const { door, owner, posted } = await scene(5);
    await using _ = door;
    const first = await owner.get("/api/events?limit=2");
    await owner.post("/webhook", { type: "late" });
    const second = await owner.get(`/api/events?limit=2&after=${first.json["next"]}`);
    const third = await owner.get(`/api/events?limit=2&after=${second.json["next"]}`);
    expect([...ids(first), ...ids(second), ...ids(third)]).toEqual(posted);
    expect(third.json["next"]).toBeNull();
  });

  test("filters by source, state, words and time, all of them together", async () => {
    const door = await Door.open();
    await using _ = door;
    const owner = await door.paired();
    await owner.post("/webhook", { type: "deploy", what: "lighthouse" });
    await door.until("it is done", async () => (await owner.get("/api/events?state=done")).rows("events").length === 1);
    const found = async (query: string) => ids(await owner.get(`/api/events?${query}`)).length;
    expect(await found("state=done&source=webhook&q=lighthouse&since=24h")).toBe(1);
    expect(await found("state=received")).toBe(0);
    expect(await found("source=github")).toBe(0);
    expect(await found("q=windmill")).toBe(0);
    expect(await found("since=2026-11-22T11:00:00Z")).toBe(1);
    expect(await found("since=2027-01-01T00:00:00Z")).toBe(0);
    expect(await found("state=&source=&q=&since=&limit=&after=")).toBe(1);
  });

  test("filters by the beginning of the id, in any letter case", async () => {
    const { door, owner, posted } = await scene(2);
    await using _ = door;
    const [id = ""] = posted;
    expect(ids(await owner.get(`/api/events?id=${id.toUpperCase()}`))).toEqual([id]);
    expect(ids(await owner.get(`/api/events?id=${id.slice(0, 13)}&source=webhook`))).toEqual([id]);
    expect(ids(await owner.get("/api/events?id=0"))).toEqual(posted);
    expect(ids(await owner.get("/api/events?id=ffff"))).toEqual([]);
  });

  test("takes words as words: no query language reaches the index", async () => {
    const { door, owner } = await scene(1);
    await using _ = door;
    for (const q of ['"', "*", "NEAR(", "a OR b", "col:x", "'; DROP TABLE events; --", "\u0000", "(", "-x", "^"])
      expect([q, (await owner.get(`/api/events?q=${encodeURIComponent(q)}`)).status]).toEqual([q, 200]);
  });

  test.each([
    ["limit=0", '"limit" must be a whole number from 1 to 200'],
    ["limit=201", '"limit"'],
    ["limit=1e2", '"limit"'],
    ["limit=-1", '"limit"'],
    ["state=lost", '"state" must be one of received, running'],
    ["since=yesterday", '"since" must be a time such as'],
    ["since=99", '"since"'],
    ["since=2026-13-45", '"since"'],
    ["id=zz", '"id" must be the beginning of an event'],
    ["id=0198%25", '"id"'],
    [`id=${"0".repeat(37)}`, '"id"'],
    ["after=garbage", "Cannot go on from"],
    ["after=s1-1", "Cannot go on from"],
    ["after=e-1", "Cannot go on from"],
  ])("refuses ?%s and says what is allowed", async (query, detail) => {
    const { door, owner } = await scene(0);
    await using _ = door;
    const refused = await owner.get(`/api/events?${query}`);
    expect(refused.status).toBe(400);
    expect(refused.json["detail"]).toContain(detail);
  });

  test("is the owners' alone, as is everything below it", async () => {
    const { door, posted } = await scene(1);
    await using _ = door;
    for (const path of ["", `/${posted[0]}`, `/${posted[0]}/body`]) {
      for (const scope of ["chat", "ingest"] as const)
        expect((await (await door.paired(scope)).get(`/api/events${path}`)).status).toBe(403);
      expect((await door.client().get(`/api/events${path}`)).status).toBe(401);
    }
  });
});

describe("GET /api/events/{id}", () => {
  test("has headers, body, attempts and answer of an event that was worked off", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const event_id = (await owner.post("/webhook", { type: "deploy" }, { "X-Api-Key": "sk-1" })).field("event_id");
    await door.until("it is done", async () => (await door.store.events.get(event_id))?.state === "done");
    const shown = (await owner.get(`/api/events/${event_id}`)).json;
    expect(shown).toMatchObject({
      event_id,
      state: "done",
      attempts: 1,
      headers: { "content-type": "application/json", "x-api-key": "[redacted]", authorization: "[redacted]" },
      body: '{"type":"deploy"}',
      attempts_log: [{ outcome: "done", at: expect.any(String), detail: expect.any(String) }],
      response: expect.stringContaining("You said"),
    });
    for (const absent of ["body_encoding", "body_truncated", "error", "device_id", "model"])
      expect(shown).not.toHaveProperty(absent);
  });

  test("shows text as text, and what has a NUL in it as base64", async () => {
    const { door, owner } = await scene(0);
    await using _ = door;
    expect((await bodyOf(owner, utf8("grüße 👋\n"))).shown["body"]).toBe("grüße 👋\n");
    const { shown } = await bodyOf(owner, utf8("a\u0000b"));
    expect([shown["body"], shown["body_encoding"]]).toEqual([btoa("a\u0000b"), "base64"]);
  });

  test("shows bytes that are no text as base64, to the byte", async () => {
    const { door, owner } = await scene(0);
    await using _ = door;
    const body = Uint8Array.of(0xff, 0xfe, 0x00, 0x41);
    const accepted = await door.store.events.accept({
      event_id: "01a20320-a200-7000-8000-000000000001",
      source: "camera",
      type: "picture",
      delivery_id: null,
      session_id: "camera",
      device_id: null,
      received_at: door.clock.now(),
      content_type: "image/jpeg",
      headers: {},
      body,
    });
    const shown = (await owner.get(`/api/events/${accepted.event_id}`)).json;
    expect(shown).toMatchObject({ body: Buffer.from(body).toString("base64"), body_encoding: "base64" });
    const raw = await owner.get(`/api/events/${accepted.event_id}/body`);
    expect(raw.bytes).toEqual(body);
  });

  test.each([0, 1, 2, 3])(
    "cuts what is longer than 64 KB, and not within a character (%d bytes into one)",
    async (into) => {
      const { door, owner } = await scene(0);
      await using _ = door;
      const head = "x".repeat(65_536 - into);
      const body = utf8(`${head}👋 and more`);
      const accepted = await door.store.events.accept({
        event_id: "01a20320-a200-7000-8000-000000000001",
        source: "big",
        type: "event",
        delivery_id: null,
        session_id: "big",
        device_id: null,
        received_at: door.clock.now(),
        content_type: "text/plain",
        headers: {},
        body,
      });
      const shown = (await owner.get(`/api/events/${accepted.event_id}`)).json;
      expect(shown["body"]).toBe(head);
      expect(shown).toMatchObject({ body_truncated: true, size: body.length });
      expect((await owner.get(`/api/events/${accepted.event_id}/body`)).bytes).toEqual(body);
    },
  );

  test("shows 64 KB exactly whole", async () => {
    const { door, owner } = await scene(0);
    await using _ = door;
    const { shown } = await bodyOf(owner, utf8("x".repeat(65_536)));
    expect(shown["body"]).toHaveLength(65_536);
    expect(shown).not.toHaveProperty("body_truncated");
  });

  test("says of an event whose bytes were deleted that they are, and refuses its body", async () => {
    const { door, owner, posted } = await scene(1);
    await using _ = door;
    const [event] = await door.store.events.claim(1, door.clock.now());
    await door.store.events.complete(event?.event_id ?? "", 1, door.clock.now(), "stored only");
    await door.store.events.purgeBodies({ before: door.clock.now() + 1 }, 10);
    const { json } = await owner.get(`/api/events/${posted[0]}`);
    expect(json).toMatchObject({ state: "done", purged: true, headers: {}, replies: [] });
    expect(json).not.toHaveProperty("body");
    const refused = await owner.get(`/api/events/${posted[0]}/body`);
    expect([refused.json["code"], refused.json["detail"]]).toEqual([
      "event_purged",
      expect.stringContaining(`What became of it is at /api/events/${posted[0]}.`),
    ]);
  });

  test("shows where the answer went, latest first, without the answer or its address", async () => {
    const { door, owner, posted } = await scene(1);
    await using _ = door;
    const reply: StoredReply = {
      ...{
        reply_id: "01a20320-a200-7000-8000-000000000001",
        event_id: posted[0] ?? "",
        run_id: "r",
        source: "whatsapp",
      },
      ...{ session_id: "s", content: "the answer", model: null, attempts: 2, parts_sent: 1, created_at: 0 },
      target: { kind: "whatsapp", phone_number_id: "1", to: "4915550100", message_id: "wamid.1" },
      state: "uncertain",
      detail: "no answer in time",
      updated_at: door.clock.now(),
    };
    const replies = { ofEvent: async () => [reply, { ...reply, state: "sent", detail: null } as const] };
    const store = storeWith(door.store, (name) => (name === "replies" ? replies : undefined));
    const context = { params: { id: posted[0] } } as unknown as Context; // all of it that the handler uses
    const answer = await getEvent({ store })(context);
    const row = { reply_id: reply.reply_id, to: "whatsapp", attempts: 2, updated_at: "2026-11-22T12:01:00.000Z" };
    expect(JSON.parse(String(answer.body))["replies"]).toEqual([
      { ...row, state: "uncertain", detail: "no answer in time" },
      { ...row, state: "sent" },
    ]);
    expect((await owner.get(`/api/events/${posted[0]}`)).json["replies"]).toEqual([]);
  });

  test("is 404 for what is not there", async () => {
    const { door, owner } = await scene(0);
    await using _ = door;
    for (const id of ["x", "00000000-0000-7000-8000-000000000000", "%27", "..%2F"]) {
      const refused = await owner.get(`/api/events/${id}`);
      expect([refused.status, refused.json["code"]]).toEqual([404, "not_found"]);
      expect((await owner.get(`/api/events/${id}/body`)).status).toBe(404);
    }
  });
});

describe("GET /api/events/{id}/body", () => {
  test("is the bytes as they came, which no browser may take for a page", async () => {
    const { door, owner } = await scene(0);
    await using _ = door;
    const page = utf8("\ufeff<script>alert(1)</script>");
    const { event_id, shown } = await bodyOf(owner, page);
    expect(shown["body"]).toBe("<script>alert(1)</script>");
    const { bytes, headers } = await owner.get(`/api/events/${event_id}/body`);
    expect(bytes).toEqual(page);
    expect(headers.get("content-type")).toBe("application/octet-stream");
    expect(headers.get("content-disposition")).toBe(`attachment; filename="${event_id}.bin"`);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  });
});
