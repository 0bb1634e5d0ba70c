import { describe, expect, test } from "bun:test";
import { CHAT, call, FakeToolDesk, OWNER } from "./support/tool-desk.ts";

describe("remind", () => {
  test("sets a reminder in the present conversation and says when it comes", async () => {
    const desk = new FakeToolDesk();
    const { reminder_id, ...rest } = await call(desk, CHAT, "remind", { when: "in 45 minutes", text: "call back" });

    expect(rest).toEqual({ due_at: "2026-11-22T12:45:00.000Z", session_id: "device:device-b" });
    expect(desk.waiting).toEqual([
      {
        ...{ reminder_id, session_id: "device:device-b", device_id: "device-b", text: "call back" },
        ...{ due_at: Date.parse("2026-11-22T12:45:00.000Z"), created_at: desk.clock.now() },
      },
    ]);
  });

  test.each([
    ["soon", '"soon" is no time.'],
    ["2026-11-22T11:00:00Z", '"2026-11-22T11:00:00Z" is over already.'],
    ["2046-01-01", '"2046-01-01" is more than ten years away.'],
    ["10m tea", '"when" must be a time and nothing else (found "10m tea").'],
  ])("refuses %j", async (when, why) => {
    const desk = new FakeToolDesk();
    const { failed } = await call(desk, OWNER, "remind", { when, text: "tea" });

    expect(failed).toStartWith(why);
    expect(failed).toContain("Nothing was set.");
    expect(desk.waiting).toEqual([]);
  });

  test("takes another conversation of the user's own", async () => {
    const desk = new FakeToolDesk();
    desk.conversation("work", "device-b");

    expect((await call(desk, CHAT, "remind", { when: "10m", text: "tea", session_id: "work" })).session_id).toBe(
      "work",
    );
    expect((await call(desk, OWNER, "remind", { when: "10m", text: "tea", session_id: "work" })).session_id).toBe(
      "work",
    );
  });

  test("does not tell a chat device whether a conversation of somebody else is there", async () => {
    const desk = new FakeToolDesk();
    desk.conversation("theirs", "device-a");
    desk.conversation("whatsapp:49123", null);
    const refusalFor = async (session_id: string) =>
      (await call(desk, CHAT, "remind", { when: "10m", text: "tea", session_id })).failed.replace(session_id, "…");

    expect(await refusalFor("theirs")).toBe(await refusalFor("nowhere"));
    expect(await refusalFor("whatsapp:49123")).toBe(await refusalFor("nowhere"));
    expect(desk.waiting).toEqual([]);
  });

  test("refuses a channel's conversation, where it would reach nobody", async () => {
    const desk = new FakeToolDesk();
    desk.conversation("whatsapp:49123", null);
    const { failed } = await call(desk, OWNER, "remind", { when: "10m", text: "tea", session_id: "whatsapp:49123" });

    expect(failed).toContain("would reach nobody");
  });

  test("refuses one more than 200 waiting", async () => {
    const desk = new FakeToolDesk();
    for (let i = 0; i < 200; i += 1) await call(desk, CHAT, "remind", { when: "10m", text: `tea ${i}` });

    expect((await call(desk, CHAT, "remind", { when: "10m", text: "tea" })).failed).toStartWith(
      "200 reminders are waiting",
    );
    expect(await call(desk, OWNER, "remind", { when: "10m", text: "tea" })).toHaveProperty("reminder_id");
  });
});

describe("list_reminders and cancel_reminder", () => {
  test("list the soonest first, and remove the one that begins so", async () => {
    const desk = new FakeToolDesk();
    await call(desk, CHAT, "remind", { when: "2h", text: "later" });
    const { reminder_id } = await call(desk, CHAT, "remind", { when: "1h", text: "sooner" });
    const { reminders } = await call(desk, CHAT, "list_reminders");

    expect(reminders.map(({ text }: { text: string }) => text)).toEqual(["sooner", "later"]);
    expect(await call(desk, CHAT, "cancel_reminder", { id: reminder_id })).toMatchObject({
      cancelled: { text: "sooner" },
    });
    expect(desk.waiting.map(({ text }) => text)).toEqual(["later"]);
  });

  test("keep to the device's own", async () => {
    const desk = new FakeToolDesk();
    const { reminder_id } = await call(desk, OWNER, "remind", { when: "1h", text: "theirs" });

    expect(await call(desk, CHAT, "list_reminders")).toEqual({ reminders: [] });
    expect((await call(desk, CHAT, "cancel_reminder", { id: reminder_id })).failed).toStartWith(
      "No reminder has an id",
    );
    expect(desk.waiting).toHaveLength(1);
  });

  test("remove none when several begin so", async () => {
    const desk = new FakeToolDesk();
    await call(desk, CHAT, "remind", { when: "1h", text: "a" });
    const { reminder_id } = await call(desk, CHAT, "remind", { when: "1h", text: "b" });

    expect((await call(desk, CHAT, "cancel_reminder", { id: reminder_id.slice(0, 8) })).failed).toContain(
      "None was removed",
    );
    expect(desk.waiting).toHaveLength(2);
  });
});
