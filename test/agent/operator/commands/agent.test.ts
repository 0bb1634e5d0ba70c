import { describe, expect, test } from "bun:test";
import { FakeDesk } from "../support/desk.ts";
import { ask, CHAT, eventsOf } from "../support/talk.ts";

describe("/agent", () => {
  test("says that no model is used and which lines decide it, without looking anything up", async () => {
    const events = await eventsOf(new FakeDesk(), "/agent");
    expect(events.some(({ type }) => type === "tool")).toBe(false);
    const answer = await ask(new FakeDesk(), "/agent", CHAT);
    expect(answer).toContain("no model, no key and no network");
    expect(answer).toContain('[agent]\nkind = "model"\nmodel = "<name>"');
  });
});
