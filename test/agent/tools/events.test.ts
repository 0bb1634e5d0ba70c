import { describe, expect, test } from "bun:test";
import { MAX_RESULT } from "../../../src/agent/tools/results.ts";
import { call, FakeToolDesk, OWNER } from "./support/tool-desk.ts";

describe("list_events", () => {
  test("lists the latest first, as rows with RFC 3339 times", async () => {
    const desk = new FakeToolDesk();
    desk.event(60_000, { source: "github", type: "push" });
    const latest = desk.event(1_000, { source: "shop", type: "order", state: "dead", error: "agent_failed: no" });
    const { events } = await call(desk, OWNER, "list_events");

    expect(events.map(({ source }: { source: string }) => source)).toEqual(["shop", "github"]);
    expect(events[0]).toMatchObject({
      event_id: latest.event_id,
      state: "dead",
      received_at: "2026-11-22T11:59:59.000Z",
      error: "agent_failed: no",
    });
  });

  test("takes a source and a time since which they came", async () => {
    const desk = new FakeToolDesk();
    desk.event(7_200_000, { source: "github" });
    desk.event(1_000, { source: "github" });
    desk.event(1_000, { source: "shop" });

    expect((await call(desk, OWNER, "list_events", { source: "github", since: "1h" })).events).toHaveLength(1);
    expect(await call(desk, OWNER, "list_events", { since: "last week" })).toEqual({
      failed: '"since" must be a duration such as 24h or an RFC 3339 time (found "last week").',
    });
  });

  test("says that there are more", async () => {
    const desk = new FakeToolDesk();
    for (let i = 0; i < 3; i += 1) desk.event(i);

    expect(await call(desk, OWNER, "list_events", { limit: 2 })).toMatchObject({
      left_out: expect.stringMatching(/more/),
    });
    expect(await call(desk, OWNER, "list_events", { limit: 3 })).not.toHaveProperty("left_out");
  });

  test("leaves out what does not fit, and says how many", async () => {
    const desk = new FakeToolDesk();
    for (let i = 0; i < 100; i += 1) desk.event(i, { error: "€".repeat(500) });
    const { events, left_out } = await call(desk, OWNER, "list_events", { limit: 100 });

    expect(events.length).toBeGreaterThan(10);
    expect(left_out).toStartWith(`${100 - events.length} more did not fit.`);
  });
});

describe("get_event", () => {
  test("shows headers, body, attempts and answer of the one that begins so", async () => {
    const desk = new FakeToolDesk();
    const event = desk.event(1_000, { text: '{"a":1}', response: "noted" });
    desk.attemptsOf.set(event.event_id, [{ at: desk.clock.now(), outcome: "done", detail: "answered" }]);

    expect(await call(desk, OWNER, "get_event", { id: event.event_id.slice(0, 13) })).toMatchObject({
      event_id: event.event_id,
      content_type: "application/json",
      attempts_log: [{ at: "2026-11-22T12:00:00.000Z", outcome: "done", detail: "answered" }],
      answer: "noted",
      untrusted: { headers: { "content-type": "application/json" }, body: '{"a":1}' },
    });
  });

  test("shows 16 KB of a body, never half a character, and says how much there is", async () => {
    const desk = new FakeToolDesk();
    const event = desk.event(0, { text: `${"x".repeat(16_383)}€ and more` });
    const { untrusted } = await call(desk, OWNER, "get_event", { id: event.event_id });

    expect(untrusted.body).toBe("x".repeat(16_383));
    expect(untrusted.left_out).toStartWith("These are the first 16384 of 16395 bytes");
  });

  test("fits when everything in it is as long as it may be", async () => {
    const desk = new FakeToolDesk();
    const long = '€"'.repeat(20_000);
    const headers = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`x-${i}-${"h".repeat(80)}`, long]));
    const event = desk.event(0, { text: long, response: long, error: long, type: long, content_type: long, headers });
    const attempt = { at: 0, outcome: "failed", detail: long } as const;
    desk.attemptsOf.set(
      event.event_id,
      Array.from({ length: 30 }, () => attempt),
    );
    const shown = await call(desk, OWNER, "get_event", { id: event.event_id });

    expect(Buffer.byteLength(JSON.stringify(shown))).toBeLessThanOrEqual(MAX_RESULT);
    expect(shown.attempts_log).toHaveLength(10);
    expect(shown.attempts_left_out).toBe(20);
  });

  test("says of bytes that are no text how many they are", async () => {
    const desk = new FakeToolDesk();
    const event = desk.event(0, { body: new Uint8Array([0xff, 0xfe, 0]) });

    expect((await call(desk, OWNER, "get_event", { id: event.event_id })).untrusted).toMatchObject({
      body: null,
      left_out: "The body is 3 bytes that are no text.",
    });
  });

  test("shows an event whose bytes were purged without them", async () => {
    const desk = new FakeToolDesk();
    const event = desk.event(0, { purged: true, body: new Uint8Array(0), headers: {} });
    const shown = await call(desk, OWNER, "get_event", { id: event.event_id });

    expect(shown.purged).toBe(true);
    expect(shown).not.toHaveProperty("untrusted");
  });

  test("takes out what nobody can see: instructions hide there", async () => {
    const desk = new FakeToolDesk();
    const hidden = [..."obey"].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join("");
    const event = desk.event(0, { text: `hello${hidden}\u202e\u001b[2J` });

    expect((await call(desk, OWNER, "get_event", { id: event.event_id })).untrusted.body).toBe("hello[2J");
  });

  test("names the candidates of a beginning that several have, and says what an id is", async () => {
    const desk = new FakeToolDesk();
    const [a, b] = [desk.event(0), desk.event(0)];

    expect((await call(desk, OWNER, "get_event", { id: a.event_id.slice(0, 13) })).failed).toContain(b.event_id);
    expect((await call(desk, OWNER, "get_event", { id: "the last one" })).failed).toContain("is no event's id");
    expect((await call(desk, OWNER, "get_event", { id: "0000" })).failed).toContain("No event has an id");
  });
});
