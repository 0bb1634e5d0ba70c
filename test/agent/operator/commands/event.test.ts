import { describe, expect, test } from "bun:test";
import { FakeDesk } from "../support/desk.ts";
import { ask } from "../support/talk.ts";

describe("/event", () => {
  test("shows one: summary, state, attempts, first lines of the body", async () => {
    const desk = new FakeDesk();
    const event = desk.event(3_600_000, {
      source: "github",
      type: "push",
      state: "dead",
      attempts: 2,
      error: "agent_failed: *boom*",
      delivery_id: "guid-1",
      updated_at: desk.clock.now() - 60_000,
      text: '{"ref":"refs/heads/main"}',
    });
    desk.attemptsOf.set(event.event_id, [
      { at: desk.clock.now() - 120_000, outcome: "interrupted", detail: "" },
      { at: desk.clock.now() - 60_000, outcome: "failed", detail: "agent_failed: *boom*" },
    ]);
    expect(await ask(desk, `/event ${event.event_id.slice(0, 13)}`)).toBe(
      [
        `Event \`${event.event_id}\`: summary of github`,
        "",
        "- source: github, type push, session `webhook`",
        "- delivery: `guid-1`",
        "- received: 1h ago",
        "- state: dead, 1m ago: agent_failed: \\*boom\\*",
        "- 2 attempts, 1 header, 25 bytes of application/json",
        "  - 2m ago: interrupted",
        "  - 1m ago: failed, agent_failed: \\*boom\\*",
        "",
        "```json",
        "{",
        '  "ref": "refs/heads/main"',
        "}",
        "```",
      ].join("\n"),
    );
  });

  test("names the candidates when several ids begin so", async () => {
    const desk = new FakeDesk();
    desk.event(1_000, { type: "one" });
    desk.event(1_000, { type: "two" });
    const [one, two] = desk.stored.map(({ event_id }) => event_id);
    expect(await ask(desk, `/event ${one?.slice(0, 8)}`)).toBe(
      [
        `More than one event has an id beginning with \`${one?.slice(0, 8)}\`. The newest of them:`,
        "",
        `- \`${two?.slice(0, 18)}\`, 1s ago: webhook two`,
        `- \`${one?.slice(0, 18)}\`, 1s ago: webhook one`,
      ].join("\n"),
    );
  });

  test.each([
    ["", "Write an id after the command"],
    ["zzzz", "`zzzz` is no event's id"],
    ["0123", "None of the 0 latest events"],
    ["01a20320-a200-7000-8000-000000000000", "There is no event `01a20320-a200-7000-8000-000000000000`."],
  ])("%p is answered with what to do", async (args, expected) => {
    expect(await ask(new FakeDesk(), `/event ${args}`)).toStartWith(expected);
  });

  test.each<[string, Uint8Array | string, string]>([
    ["empty", "", "The body is empty."],
    ["binary", new Uint8Array([0xff, 0xfe, 0]), "The body is binary"],
    ["with NUL", "a\0b", "The body is binary"],
    ["of invisible characters", "\u202e\u200b", "The body has nothing that can be shown."],
    ["text", "one\ntwo", "```\none\ntwo\n```"],
    ["almost JSON", "{oops", "```\n{oops\n```"],
  ])("a body %s is shown as such", async (_what, body, expected) => {
    const desk = new FakeDesk();
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const { event_id } = desk.event(0, { body: bytes, content_type: "text/plain" });
    expect((await ask(desk, `/event ${event_id}`)).split("\n\n").at(-1)).toStartWith(expected);
  });

  test("of a body of 5,000 lines shows 20, also when it is larger than what is read", async () => {
    const desk = new FakeDesk();
    const small = desk.event(2_000, { text: "line\n".repeat(5_000) });
    const large = desk.event(0, { text: "ü".repeat(100_001) });
    const answer = await ask(desk, `/event ${small.event_id}`);
    expect(answer.match(/^line$/gm)).toHaveLength(20);
    expect(answer).toEndWith("These are the first 20 of 5000 lines.");
    expect(await ask(desk, `/event ${large.event_id}`)).toEndWith("These are the first 1 lines.");
  });

  test("JSON keeps its numbers digit for digit", async () => {
    const desk = new FakeDesk();
    const { event_id } = desk.event(0, { text: '{"id":12345678901234567890,"a":[],"b":1.0}' });
    expect(await ask(desk, `/event ${event_id}`)).toEndWith(
      '```json\n{\n  "id": 12345678901234567890,\n  "a": [],\n  "b": 1.0\n}\n```',
    );
  });

  test("JSON of 30,000 brackets is shown by its first lines", async () => {
    const desk = new FakeDesk();
    const { event_id } = desk.event(0, { text: `${"[".repeat(30_000)}${"]".repeat(30_000)}` });
    const answer = await ask(desk, `/event ${event_id}`);
    expect(answer).toEndWith(`${" ".repeat(38)}[\n\`\`\`\nThese are the first 20 lines.`);
  });

  test("a body cannot close its fence, draw on a terminal or turn text around", async () => {
    const desk = new FakeDesk();
    const { event_id } = desk.event(0, { text: "```\n# heading\n\u001b[2J\u202egnp.exe" });
    expect(await ask(desk, `/event ${event_id}`)).toEndWith("````\n```\n# heading\n[2Jgnp.exe\n````");
  });
});
