import { describe, expect, test } from "bun:test";
import { FakeDesk } from "../support/desk.ts";
import { ask } from "../support/talk.ts";

describe("/events", () => {
  test("lists the latest, newest first, with ids that /event takes", async () => {
    const desk = new FakeDesk();
    desk.event(3_600_000, { source: "stripe", type: "invoice.paid", state: "dead" });
    desk.event(60_000, { source: "github", type: "push" });
    const [first, second] = desk.stored.map(({ event_id }) => event_id.slice(0, 13));
    expect(await ask(desk, "/events")).toBe(
      [
        "| id              | received | source | type         | state |",
        "|-----------------|----------|--------|--------------|-------|",
        `| \`${second}\` | 1m ago   | github | push         | done  |`,
        `| \`${first}\` | 1h ago   | stripe | invoice.paid | dead  |`,
        "",
        "`/event <id>` shows one.",
      ].join("\n"),
    );
  });

  test.each(["/events github 2", "/events 2 github"])(
    "%s lists two of that source and says that there are more",
    async (text) => {
      const desk = new FakeDesk();
      for (let i = 0; i < 3; i += 1) desk.event(i * 1_000, { source: "github" });
      desk.event(0, { source: "stripe" });
      const answer = await ask(desk, text);
      expect(answer.match(/\| github \|/g)).toHaveLength(2);
      expect(answer).not.toContain("stripe");
      expect(answer).toEndWith("There are more: `/events github 50`.");
    },
  );

  test("lists at most 50", async () => {
    const desk = new FakeDesk();
    for (let i = 0; i < 60; i += 1) desk.event(i * 1_000);
    expect((await ask(desk, "/events 100000")).match(/\| webhook \|/g)).toHaveLength(50);
  });

  test("says so when there are none", async () => {
    expect(await ask(new FakeDesk(), "/events")).toStartWith("No events have arrived.");
    expect(await ask(new FakeDesk(), "/events git`hub")).toBe(
      "No events from `git'hub`. Try `/events` without a source: it shows who sent something.",
    );
  });

  test.each(["0", "1 2", "github stripe", "a b c"])("refuses %p and says what to write", async (args) => {
    expect(await ask(new FakeDesk(), `/events ${args}`)).toStartWith("Write `/events`,");
  });

  test("a type full of markup cannot leave its cell", async () => {
    const desk = new FakeDesk();
    desk.event(0, { type: "a | b\n| c *d* \u001b[31m", source: "\u202egithub" });
    const answer = await ask(desk, "/events");
    expect(answer).toContain("| github | a \\| b \\| c \\*d\\* \\[31m | done  |");
  });
});
