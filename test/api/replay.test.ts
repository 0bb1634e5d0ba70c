import { describe, expect, test } from "bun:test";
import { replayEvent, replayEvents } from "../../src/api/replay.ts";
import { LOCAL_PRINCIPAL } from "../../src/protocol/principal.ts";
import { Problem } from "../../src/protocol/problem.ts";
import { StoreUnavailable } from "../../src/store/store.ts";
import { storeWith } from "../support/services.ts";
import { Desk, LAPTOP } from "./asked.ts";

const HOUR = 3_600_000;

async function refusal(asked: Promise<unknown>): Promise<Problem> {
  const error = await asked.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof Problem) return error;
  throw new Error(`It was not refused: ${String(error)}`);
}

describe("POST /api/events/{id}/replay", () => {
  for (const state of ["dead", "done", "retrying"] as const) {
    test(`takes an event up again that is ${state}, and tells the inbox and whoever watches`, async () => {
      await using desk = await Desk.open();
      const [id = ""] = await desk.accept(1);
      await desk.workOff(state);
      const seen: unknown[] = [];
      desk.feed.subscribe(({ frame }) => seen.push(frame.data));
      const { status, json } = await desk.ask(replayEvent(desk.parts), { params: { id } });
      expect([status, json]).toEqual([202, { status: "replaying", event_id: id }]);
      expect(await desk.states()).toEqual({ received: 1 });
      expect(seen).toMatchObject([{ event_id: id, state: "received", attempts: 1 }]);
      expect(desk.told).toBe(1);
    });
  }

  test.each([
    [LAPTOP, "by Laptop"],
    [LOCAL_PRINCIPAL, "from the command line"],
  ])("says in the event's attempts and in the log who did it: %p", async (principal, by) => {
    await using desk = await Desk.open();
    const [id = ""] = await desk.accept(1);
    await desk.workOff("dead");
    await desk.ask(replayEvent(desk.parts), { params: { id }, principal });
    expect((await desk.store.events.attempts(id)).at(-1)).toEqual({
      at: desk.clock.now(),
      outcome: "replayed",
      detail: by,
    });
    expect(JSON.parse(desk.lines.at(-1) ?? "")).toMatchObject({
      message: "An event is replayed",
      event_id: id,
      by,
    });
  });

  test("refuses an event that is received or running: it is worked on anyway", async () => {
    await using desk = await Desk.open();
    const [id = ""] = await desk.accept(1);
    const ask = () => refusal(desk.ask(replayEvent(desk.parts), { params: { id } }));
    expect((await ask()).code).toBe("event_pending");
    await desk.store.events.claim(1, desk.clock.now());
    expect(await ask()).toMatchObject({ code: "event_pending", status: 409 });
    expect([await desk.states(), desk.told]).toEqual([{ running: 1 }, 0]);
  });

  test("refuses an event whose bytes were deleted, and one that is not there", async () => {
    await using desk = await Desk.open();
    const [id = ""] = await desk.accept(1);
    await desk.workOff("dead");
    await desk.store.events.purgeBodies({ before: desk.clock.now() + 1 }, 10);
    const gone = await refusal(desk.ask(replayEvent(desk.parts), { params: { id } }));
    expect(gone).toMatchObject({ code: "event_purged", status: 410 });
    expect(gone.message).toContain("Have its sender send it again.");
    const missing = await refusal(desk.ask(replayEvent(desk.parts), { params: { id: "nothing-there" } }));
    expect(missing.code).toBe("not_found");
    expect(desk.told).toBe(0);
  });
});

describe("POST /api/events/replay", () => {
  test("takes up all that are dead, in steps, each once although the worker is at them already", async () => {
    await using desk = await Desk.open();
    await desk.accept(450);
    await desk.workOff("dead");
    const steps: number[] = [];
    const events = Object.create(desk.store.events, {
      replayAll: {
        value: async (...args: Parameters<typeof desk.store.events.replayAll>) => {
          const ids = await desk.store.events.replayAll(...args);
          steps.push(ids.length);
          await desk.workOff("dead"); // all of them die again at once
          return ids;
        },
      },
    });
    const store = storeWith(desk.store, (name) => (name === "events" ? events : undefined));
    const { status, json } = await desk.ask(replayEvents({ ...desk.parts, store }), { body: { state: "dead" } });
    expect([status, json]).toEqual([202, { status: "replaying", events: 450 }]);
    expect(steps).toEqual([200, 200, 50, 0]);
    expect(desk.told).toBe(1);
    const [first] = (await desk.store.events.list({ limit: 1 })).items;
    const log = await desk.store.events.attempts(first?.event_id ?? "");
    expect(log.map(({ outcome }) => outcome).sort()).toEqual(["failed", "failed", "replayed"]);
    expect(JSON.parse(desk.lines.at(-1) ?? "")).toMatchObject({ events: 450, state: "dead", by: "by Laptop" });
  });

  test("takes up only those of the state, the source and the time that it is told", async () => {
    await using desk = await Desk.open();
    await desk.accept(1, {}, 48 * HOUR);
    const [fresh] = await desk.accept(1, {}, HOUR);
    await desk.accept(1, { source: "till" }, HOUR);
    await desk.workOff("dead");
    const [done] = await desk.accept(1);
    await desk.workOff("done");
    const body = { state: "dead", source: "shop", since: "24h" };
    expect((await desk.ask(replayEvents(desk.parts), { body })).json).toEqual({ status: "replaying", events: 1 });
    const received = async () => (await desk.store.events.list({ limit: 9, state: "received" })).items;
    expect((await received()).map(({ event_id }) => event_id)).toEqual([fresh ?? ""]);
    const since = "2026-11-22T12:00:00Z";
    expect((await desk.ask(replayEvents(desk.parts), { body: { state: "done", since } })).json["events"]).toBe(1);
    expect((await received()).map(({ event_id }) => event_id)).toContain(done ?? "");
  });

  test("answers that none was there without waking anybody", async () => {
    await using desk = await Desk.open();
    await desk.accept(1);
    expect((await desk.ask(replayEvents(desk.parts), { body: { state: "dead" } })).json).toEqual({
      status: "replaying",
      events: 0,
    });
    expect([desk.told, desk.lines]).toEqual([0, []]);
  });

  test("ends after 100,000 events and says that there are more", async () => {
    await using desk = await Desk.open();
    const limits: number[] = [];
    const events = {
      replayAll: async (_filter: object, limit: number) => {
        limits.push(limit);
        return Array.from({ length: limit - (limits.length === 1 ? 1 : 0) }, (_, i) => `${limits.length}.${i}`);
      },
    };
    const store = storeWith(desk.store, (name) => (name === "events" ? events : undefined));
    const { json } = await desk.ask(replayEvents({ ...desk.parts, store }), { body: { state: "dead" } });
    expect(json).toEqual({ status: "replaying", events: 100_000, more: true });
    expect([limits.length, limits.at(-1)]).toEqual([501, 1]);
  });

  test("ends when the gateway begins to stop, and tells what was done", async () => {
    await using desk = await Desk.open();
    await desk.accept(1);
    await desk.workOff("dead");
    desk.stopping.abort();
    expect((await desk.ask(replayEvents(desk.parts), { body: { state: "dead" } })).json).toEqual({
      status: "replaying",
      events: 0,
      more: true,
    });
  });

  test("tells the inbox of those that it took up before the store failed", async () => {
    await using desk = await Desk.open();
    let calls = 0;
    const events = {
      replayAll: async () => {
        calls += 1;
        if (calls > 1) throw new StoreUnavailable("disk full");
        return ["a"];
      },
    };
    const store = storeWith(desk.store, (name) => (name === "events" ? events : undefined));
    const asked = desk.ask(replayEvents({ ...desk.parts, store }), { body: { state: "dead" } });
    expect(asked).rejects.toThrow("disk full");
    await asked.catch(() => undefined);
    expect([desk.told, desk.lines.length]).toEqual([1, 1]);
  });

  test.each([
    [{}, '"state" is missing'],
    [{ state: "running" }, '"state" must be one of "dead", "done"'],
    [{ state: "dead", since: "yesterday" }, '"since" must be a time such as'],
    [{ state: "dead", source: "" }, '"source" must be a string of 1 to 64 characters'],
    [
      { state: "dead", sources: "github" },
      'the key "sources", which means nothing here. Its keys are state, source, since.',
    ],
    [[], "A JSON object is expected"],
    ["", "Cannot read the body as JSON"],
  ])("refuses %p, and replays nothing", async (body, detail) => {
    await using desk = await Desk.open();
    await desk.accept(1);
    await desk.workOff("dead");
    const refused = await refusal(desk.ask(replayEvents(desk.parts), { body }));
    expect(refused.status).toBe(400);
    expect(refused.message).toContain(detail);
    expect(await desk.states()).toEqual({ dead: 1 });
  });
});
