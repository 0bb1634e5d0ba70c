import { describe, expect, test } from "bun:test";
import { listRefusals } from "../../src/api/refusals.ts";
import type { StoredRefusal } from "../../src/protocol/refusal.ts";
import { Desk } from "./asked.ts";

async function scene(count: number) {
  const desk = await Desk.open();
  const refusals = Array.from(
    { length: count },
    (_, i): StoredRefusal => ({
      request_id: `01a20320-a200-7000-8000-00000000000${i}`,
      at: desk.clock.now() - (count - i) * 60_000,
      source: i % 2 === 0 ? "github" : "shop",
      reason: i % 2 === 0 ? "wrong_signature" : "too_large",
      detail: "What was found.",
      fix: "What to do.",
      client: "192.0.2.7",
      size: 7,
      delivery_id: i === 0 ? "d1" : null,
      event: i === 0 ? "push" : null,
    }),
  );
  await desk.store.refusals.add(refusals);
  const ask = async (query: string) => (await desk.ask(listRefusals(desk.parts), { query })).json;
  const numbers = async (query: string) =>
    (await ask(query))["refusals"].map(({ request_id }: StoredRefusal) => Number(request_id.at(-1)));
  return { desk, ask, numbers };
}

describe("GET /api/refusals", () => {
  test("lists refused deliveries newest first with the contract's fields, and what the sender called them", async () => {
    const { desk, ask } = await scene(2);
    await using _ = desk;
    const row = {
      at: "2026-11-22T11:59:00.000Z",
      source: "shop",
      reason: "too_large",
      detail: "What was found.",
      fix: "What to do.",
      client: "192.0.2.7",
      request_id: "01a20320-a200-7000-8000-000000000001",
      size: 7,
    };
    const older = { at: "2026-11-22T11:58:00.000Z", source: "github", reason: "wrong_signature" };
    const request_id = "01a20320-a200-7000-8000-000000000000";
    expect(await ask("")).toEqual({
      refusals: [row, { ...row, ...older, request_id, delivery_id: "d1", event: "push" }],
      next: null,
    });
    expect(desk.flushed).toBe(1);
  });

  test("filters by source, reason, request and time, and pages", async () => {
    const { desk, ask, numbers } = await scene(6);
    await using _ = desk;
    expect(await numbers("source=github")).toEqual([4, 2, 0]);
    expect(await numbers("reason=too_large")).toEqual([5, 3, 1]);
    expect(await numbers("request_id=01a20320-a200-7000-8000-000000000003")).toEqual([3]);
    expect(await numbers("since=3m")).toEqual([5, 4, 3]);
    expect(await numbers("source=github&reason=too_large")).toEqual([]);
    expect(await numbers("source=&reason=&request_id=&since=&limit=&after=")).toHaveLength(6);
    const { next } = await ask("limit=4");
    expect(await numbers(`limit=4&after=${next}`)).toEqual([1, 0]);
  });

  test.each([
    ["reason=wrong", '"reason" must be one of unknown_source, channel_off'],
    ["since=yesterday", '"since" must be a time such as'],
    ["limit=201", '"limit" must be a whole number from 1 to 200'],
    ["after=e1", "Cannot go on from"],
  ])("refuses ?%s and says what is allowed", async (query, detail) => {
    const { desk, ask } = await scene(1);
    await using _ = desk;
    expect(ask(query)).rejects.toThrow(detail);
  });
});
