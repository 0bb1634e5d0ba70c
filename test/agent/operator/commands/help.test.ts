import { describe, expect, test } from "bun:test";
import { COMMANDS } from "../../../../src/agent/operator/commands.ts";
import { FakeDesk } from "../support/desk.ts";
import { ask, CHAT } from "../support/talk.ts";

describe("/help", () => {
  test("lists every command to an owner, and to a chat device those it may use", async () => {
    const all = await ask(new FakeDesk(), "/help");
    const own = await ask(new FakeDesk(), "/help", CHAT);
    for (const { name, reach } of COMMANDS) {
      expect(all).toMatch(new RegExp(`^- \`/${name}[ \`]`, "m"));
      expect(new RegExp(`^- \`/${name}[ \`]`, "m").test(own)).toBe(reach === "chat");
    }
  });

  test("explains one command, with or without its slash", async () => {
    expect(await ask(new FakeDesk(), "/help remind")).toBe(
      "- `/remind <when> <text>`: say something again later, in this session",
    );
    expect(await ask(new FakeDesk(), "/help /NOTES")).toStartWith("- `/notes [n]`");
    expect(await ask(new FakeDesk(), "/help *x*")).toStartWith("There is no command “\\*x\\*”. You can write:");
  });
});
