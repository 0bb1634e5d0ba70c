import { describe, expect, test } from "bun:test";
import { FakeDesk, idAt } from "../support/desk.ts";
import { ask, CHAT } from "../support/talk.ts";

const NOW = new FakeDesk().clock.now();

function deskWith(kinds: readonly ("event" | "note" | "message")[], text: string, device_id = "device-a"): FakeDesk {
  const desk = new FakeDesk();
  for (const [i, kind] of kinds.entries()) {
    const at = NOW - (i + 1) * 60_000;
    desk.entries.push({ kind, ref: idAt(at), session_id: kind === "note" ? null : "s", at, device_id, text });
  }
  return desk;
}

describe("/search", () => {
  test("shows notes, events and messages, each with its id and time", async () => {
    const desk = deskWith(["message", "event", "note"], "the red door");
    const [message, event, note] = desk.entries.map(({ ref }) => ref.slice(0, 13));
    expect(await ask(desk, "/search red")).toBe(
      [
        "3 results for “red”, the best of each kind:",
        "",
        `1. note \`${note}\`, 3m ago: the **red** door`,
        `2. event \`${event}\`, 2m ago, session \`s\`: the **red** door`,
        `3. message \`${message}\`, 1m ago, session \`s\`: the **red** door`,
        "",
        "`/event <id>` shows an event.",
      ].join("\n"),
    );
  });

  test("shows a chat device its own notes and messages alone", async () => {
    const own = deskWith(["message", "event", "note"], "red", "device-b");
    const answer = await ask(own, "/search red", CHAT);
    expect(answer).toStartWith("2 results");
    expect(answer).not.toContain("event");
    expect(await ask(deskWith(["message", "event", "note"], "red"), "/search red", CHAT)).toStartWith(
      "Nothing has all",
    );
  });

  test("shows five of a kind", async () => {
    const desk = deskWith(
      Array.from({ length: 8 }, () => "message"),
      "red",
    );
    expect(await ask(desk, "/search red")).toStartWith("5 results");
  });

  test("a hit full of markup, escapes and marks stays one line of text", async () => {
    const desk = deskWith(["note"], "red\n\n# h\n![i](http://x)<b>\u001b[31m\u202e \u0002**\u0003 `c`");
    const line = (await ask(desk, "/search red")).split("\n")[2];
    expect(line).toEndWith("**red** # h !\\[i](http://x)\\<b>\\[31m **\\*\\*** \\`c\\`");
  });

  test("says what to write, and what to try when there is nothing", async () => {
    expect(await ask(new FakeDesk(), "/search")).toStartWith("Write the words after the command");
    expect(await ask(new FakeDesk(), "/search *x*")).toStartWith("Nothing has all the words of “\\*x\\*”. Try");
  });
});
