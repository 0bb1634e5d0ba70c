import { describe, expect, test } from "bun:test";
import type { StoredRun } from "../../../src/protocol/run.ts";
import { type Entry, FakeDesk, idAt } from "./support/desk.ts";
import { ask, CHAT } from "./support/talk.ts";

function deskWith(...entries: readonly Partial<Entry>[]): FakeDesk {
  const desk = new FakeDesk();
  for (const [i, entry] of entries.entries()) {
    const at = desk.clock.now() - (i + 1) * 60_000;
    desk.entries.push({
      kind: "note",
      ref: idAt(at, i),
      session_id: null,
      at,
      device_id: "device-a",
      text: "",
      ...entry,
    });
  }
  return desk;
}

describe("free text", () => {
  test("is answered with what was found: kind, id, time, words in bold", async () => {
    const desk = deskWith(
      { kind: "event", text: "deploy failed", session_id: "github:acme/app#5" },
      { kind: "note", text: "the deploy key is in the safe" },
    );
    const [event, note] = desk.entries.map(({ ref }) => ref.slice(0, 13));
    expect(await ask(desk, "What about the deploy?")).toBe(
      [
        "2 entries mention “deploy”:",
        "",
        `1. note \`${note}\`, 2m ago: the **deploy** key is in the safe`,
        `2. event \`${event}\`, 1m ago, session \`github:acme/app#5\`: **deploy** failed`,
        "",
        "`/event <id>` shows an event.",
      ].join("\n"),
    );
  });

  test("is answered with what has some of the words when nothing has all", async () => {
    const desk = deskWith({ text: "deploy key" }, { text: "deploy of the unicorn" }, { text: "unicorn food" });
    const answer = await ask(desk, "deploy unicorn rainbow");
    expect(answer).toStartWith("Nothing here has all of “deploy unicorn rainbow”. This comes nearest:\n\n1. note");
    expect(answer.match(/^\d\. .*$/gm)?.map((line) => line.split(": ")[1])).toEqual([
      "deploy of the **unicorn**",
      "**deploy** key",
      "**unicorn** food",
    ]);
  });

  test("that nothing matches is answered with what the operator is", async () => {
    const answer = await ask(deskWith({ text: "x" }), "*unicorns*");
    expect(answer).toStartWith(
      "I found nothing about “\\*unicorns\\*”. I am the built-in operator, not a language model",
    );
    expect(answer).toContain("`/agent`");
  });

  test("leaves out conversations that only repeat the question", async () => {
    const desk = deskWith({ kind: "message", text: "deploy?" }, { kind: "message", text: "the deploy key is blue" });
    const [asked, told] = desk.entries;
    desk.runsById.set(asked?.ref ?? "", runOf("deploy?"));
    desk.runsById.set(told?.ref ?? "", runOf("the deploy key is blue"));
    const answer = await ask(desk, "deploy");
    expect(answer).toStartWith("1 entry mentions “deploy”:");
    expect(answer).toContain("the **deploy** key is blue");
  });

  test.each([
    ["Hello!", "Hello. Ask me"],
    ["hi there", "Hello. Ask me"],
    ["help", "Write `/help`"],
    ["", "Write `/help`"],
    ["Who are you?", "I am the built-in operator, not a language model"],
    ["are you ChatGPT?", "I am the built-in operator, not a language model"],
    ["what model are you using", "I am the built-in operator, not a language model"],
    ["status", "zeroclaw 0.1.0, up 3h 5m"],
    ["How are you?", "zeroclaw 0.1.0, up 3h 5m"],
    ["What's new?", "No events in the last 24h."],
    ["remind me to stretch", "Reminders are set with `/remind <when> <text>`"],
    ["…", "There are no words to search for in “…”."],
  ])("%p is understood", async (text, expected) => {
    expect(await ask(new FakeDesk(), text)).toStartWith(expected);
  });

  test.each(["hello world", "status of the deploy", "help the unicorn"])("%p is a search", async (text) => {
    expect(await ask(new FakeDesk(), text)).toStartWith("I found nothing about");
  });

  test("of a chat device never asks for events", async () => {
    expect(await ask(new FakeDesk(), "what's new", CHAT)).toStartWith("I found nothing about");
    expect(await ask(deskWith({ kind: "event", text: "deploy", device_id: "device-b" }), "deploy", CHAT)).toStartWith(
      "I found nothing",
    );
  });

  test("of megabytes is answered", async () => {
    expect((await ask(new FakeDesk(), "word ".repeat(400_000))).length).toBeLessThan(600);
  });
});

function runOf(input: string): StoredRun {
  return {
    run_id: "r",
    session_id: "s",
    event_id: null,
    device_id: "device-a",
    origin: "http",
    reach: "owner",
    input,
    state: "done",
    attempt: 1,
    message_id: "m",
    response: "",
    model: "operator",
    usage: null,
    error: null,
    seq: 1,
    created_at: 0,
    started_at: 0,
    ended_at: 0,
  };
}
