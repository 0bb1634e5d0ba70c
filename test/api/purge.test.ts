import { describe, expect, test } from "bun:test";
import { purgeEvents } from "../../src/api/purge.ts";
import { LOCAL_PRINCIPAL } from "../../src/protocol/principal.ts";
import { storeWith } from "../support/services.ts";
import { Desk } from "./asked.ts";

const DAY = 86_400_000;

/** A desk with an event that was done 10 days ago, one that died 2 days ago, and one that waits. */
async function scene() {
  const desk = await Desk.open();
  const [old = ""] = await desk.accept(1, { delivery_id: "old" }, 10 * DAY);
  await desk.workOff("done", desk.clock.now() - 10 * DAY);
  const [young = ""] = await desk.accept(1, { source: "till", delivery_id: "young" }, 2 * DAY);
  await desk.workOff("dead", desk.clock.now() - 2 * DAY);
  const [waiting = ""] = await desk.accept(1, {}, 20 * DAY);
  return { desk, old, young, waiting };
}

describe("POST /api/events/purge", () => {
  test("deletes the bytes, and after 7 days the row: until then a repeated delivery is known by it", async () => {
    const { desk, old, young, waiting } = await scene();
    await using _ = desk;
    const { status, json } = await desk.ask(purgeEvents(desk.parts), { body: { before: "1d" } });
    expect([status, json]).toEqual([200, { purged: 2, removed: 1 }]);
    expect(await desk.store.events.get(old)).toBeNull();
    expect(await desk.store.events.get(young)).toMatchObject({ purged: true, state: "dead", headers: {} });
    expect(await desk.store.events.get(waiting)).toMatchObject({ purged: false, state: "received" });
    const [again] = await desk.accept(1, { source: "till", delivery_id: "young" });
    expect(again).not.toBe(young);
    expect(await desk.store.events.get(again ?? "")).toBeNull();
  });

  test.each([
    [{ before: "5d" }, { purged: 1, removed: 1 }],
    [{ before: "2026-11-17T12:00:00Z" }, { purged: 1, removed: 1 }],
    [
      { before: "1d", state: "dead" },
      { purged: 1, removed: 0 },
    ],
    [
      { before: "1d", source: "shop" },
      { purged: 1, removed: 1 },
    ],
    [
      { before: "1d", source: "shop", state: "dead" },
      { purged: 0, removed: 0 },
    ],
    [{ before: "30d" }, { purged: 0, removed: 0 }],
  ])("deletes only what %p says", async (body, expected) => {
    const { desk } = await scene();
    await using _ = desk;
    expect((await desk.ask(purgeEvents(desk.parts), { body })).json).toEqual(expected);
  });

  test("writes into the log what was deleted, and who did it", async () => {
    const { desk } = await scene();
    await using _ = desk;
    await desk.ask(purgeEvents(desk.parts), { body: { before: "5d", source: "shop" }, principal: LOCAL_PRINCIPAL });
    expect(JSON.parse(desk.lines.at(-1) ?? "")).toMatchObject({
      ...{ purged: 1, removed: 1, before: "2026-11-17T12:00:00.000Z", source: "shop" },
      by: "from the command line",
    });
  });

  test("goes in steps, and says when there are too many for one request", async () => {
    const { desk } = await scene();
    await using _ = desk;
    const steps: [string, number, number][] = [];
    const step =
      (kind: string) =>
      async ({ before }: { before: number }, limit: number) => {
        steps.push([kind, before, limit]);
        return kind === "bodies" && steps.length > 3 ? 0 : limit;
      };
    const events = { purgeBodies: step("bodies"), purge: step("rows") };
    const store = storeWith(desk.store, (name) => (name === "events" ? events : undefined));
    const { json } = await desk.ask(purgeEvents({ ...desk.parts, store }), { body: { before: "1d" } });
    expect(json).toEqual({ purged: 600, removed: 19_400, more: true });
    const now = desk.clock.now();
    expect(steps[0]).toEqual(["bodies", now - DAY, 200]);
    expect(steps.at(-1)).toEqual(["rows", now - 7 * DAY, 200]);
    expect(desk.held).toBeGreaterThan(60);
  });

  test("ends when the gateway begins to stop", async () => {
    const { desk } = await scene();
    await using _ = desk;
    desk.stopping.abort();
    expect((await desk.ask(purgeEvents(desk.parts), { body: { before: "1d" } })).json).toEqual({
      purged: 0,
      removed: 0,
      more: true,
    });
  });

  test.each([
    [{}, '"before" is missing'],
    [{ before: "soon" }, '"before" must be a time such as'],
    [{ before: "1d", state: "received" }, '"state" must be one of'],
    [{ before: "1d", sorce: "github" }, 'the key "sorce"'],
    [{ before: 30 }, '"before" must be a string'],
  ])("refuses %p, and deletes nothing", async (body, detail) => {
    const { desk, old } = await scene();
    await using _ = desk;
    expect(desk.ask(purgeEvents(desk.parts), { body })).rejects.toThrow(detail);
    expect(await desk.store.events.get(old)).toMatchObject({ purged: false });
  });
});
