import { describe, expect, test } from "bun:test";
import type { EventState } from "../../../../src/protocol/event.ts";
import { FakeDesk } from "../support/desk.ts";
import { ask } from "../support/talk.ts";

function deskWith(...events: readonly [source: string, type: string, state: EventState, agoMs: number][]): FakeDesk {
  const desk = new FakeDesk();
  for (const [source, type, state, agoMs] of events) desk.event(agoMs, { source, type, state });
  return desk;
}

describe("/digest", () => {
  test("counts by source and type, failures first", async () => {
    const desk = deskWith(
      ["github", "push", "done", 1_000],
      ["github", "push", "received", 60_000],
      ["github", "push", "running", 120_000],
      ["stripe", "invoice.paid", "retrying", 3_600_000],
      ["hooks", "event", "dead", 7_200_000],
      ["github", "issues.opened", "done", 90_000_000],
    );
    expect(await ask(desk, "/digest")).toBe(
      [
        "5 events in the last 24h, **2 failed**:",
        "",
        "| source | type         | events | dead | retrying | waiting | latest |",
        "|--------|--------------|--------|------|----------|---------|--------|",
        "| hooks  | event        | 1      | 1    | 0        | 0       | 2h ago |",
        "| stripe | invoice.paid | 1      | 0    | 1        | 0       | 1h ago |",
        "| github | push         | 3      | 0    | 0        | 2       | 1s ago |",
      ].join("\n"),
    );
  });

  test.each([
    ["2d", "2 events in the last 2d"],
    ["30m", "1 event in the last 30m"],
    ["2026-11-20", "2 events in the last 2d 12h"],
  ])("takes %p as its time", async (args, expected) => {
    const desk = deskWith(["a", "b", "done", 1_000], ["a", "b", "done", 90_000_000]);
    expect(await ask(desk, `/digest ${args}`)).toStartWith(`${expected}, none failed:`);
  });

  test.each(["soon", "0m", "2099-01-01", "-1h", "24", "`x`"])("refuses %p and says what to write", async (args) => {
    expect(await ask(new FakeDesk(), `/digest ${args}`)).toContain("is no time span. Write `/digest 24h`");
  });

  test("says so when nothing came", async () => {
    expect(await ask(new FakeDesk(), "/digest 1h")).toBe("No events in the last 1h. Try a longer time: `/digest 7d`.");
  });

  test("counts page by page, and says when it stops at 10,000", async () => {
    const desk = new FakeDesk();
    for (let i = 0; i < 10_500; i += 1) desk.event(i);
    expect(await ask(desk, "/digest")).toStartWith(
      "10,000 events in the last 24h, none failed (the latest 10,000 are counted):",
    );
    expect(desk.pages).toHaveLength(20);
  });

  test("shows 30 kinds and counts the rest", async () => {
    const desk = new FakeDesk();
    for (let i = 0; i < 42; i += 1) desk.event(i, { type: `type-${i}` });
    const answer = await ask(desk, "/digest");
    expect(answer.match(/\| type-/g)).toHaveLength(30);
    expect(answer).toEndWith("\n\n12 more kinds of event.");
  });
});
