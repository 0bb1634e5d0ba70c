import { describe, expect, test } from "bun:test";
import { CHAT, call, FakeToolDesk, OWNER } from "./support/tool-desk.ts";

describe("list_sessions", () => {
  test("shows an owner all conversations, and which are channels'", async () => {
    const desk = new FakeToolDesk();
    desk.conversation("work", "device-b", "About work");
    desk.conversation("whatsapp:49123", null);

    expect(await call(desk, OWNER, "list_sessions")).toEqual({
      sessions: [
        { session_id: "work", title: "About work", updated_at: "2026-11-22T12:00:00.000Z", channel: false },
        {
          session_id: "whatsapp:49123",
          title: "whatsapp:49123",
          updated_at: "2026-11-22T12:00:00.000Z",
          channel: true,
        },
      ],
    });
    expect((await call(desk, CHAT, "list_sessions")).sessions).toHaveLength(1);
  });
});

describe("send_message", () => {
  test("says the text there, and where it went", async () => {
    const desk = new FakeToolDesk();
    desk.outcome = { ok: true, run_id: "run-9", goes: "channel" };

    expect(await call(desk, OWNER, "send_message", { session_id: "whatsapp:49123", text: " on my way\u202e" })).toEqual(
      {
        run_id: "run-9",
        goes: "channel",
      },
    );
    expect(desk.said).toEqual([{ session_id: "whatsapp:49123", text: "on my way", key: null }]);
  });

  test("gives the reason back when it cannot be said there", async () => {
    const desk = new FakeToolDesk();
    desk.outcome = { ok: false, why: "Nobody wrote from there." };

    expect(await call(desk, OWNER, "send_message", { session_id: "x", text: "hi" })).toEqual({
      failed: "Nobody wrote from there.",
    });
  });

  test("says nothing when there is nothing to read", async () => {
    const desk = new FakeToolDesk();

    expect((await call(desk, OWNER, "send_message", { session_id: "x", text: " \u200b" })).failed).toContain(
      "Nothing was said",
    );
    expect((await call(desk, OWNER, "send_message", { session_id: "a b", text: "hi" })).failed).toContain(
      '"session_id" must be',
    );
    expect(desk.said).toEqual([]);
  });
});
