import { describe, expect, test } from "bun:test";
import { CHAT, call, FakeToolDesk, OWNER } from "./support/tool-desk.ts";

describe("search", () => {
  test("finds notes, events and messages, and gives the marks of the words back to nobody", async () => {
    const desk = new FakeToolDesk();
    const at = desk.clock.now();
    desk.entries.push({
      kind: "note",
      ref: "n1",
      session_id: null,
      device_id: "device-b",
      at,
      text: "deploy on Friday",
    });
    desk.entries.push({ kind: "event", ref: "e1", session_id: "github:a", device_id: null, at, text: "deploy failed" });

    expect(await call(desk, OWNER, "search", { words: "deploy" })).toEqual({
      hits: [
        { kind: "note", id: "n1", at: "2026-11-22T12:00:00.000Z", text: "deploy on Friday" },
        { kind: "event", id: "e1", at: "2026-11-22T12:00:00.000Z", session_id: "github:a", text: "deploy failed" },
      ],
    });
    expect((await call(desk, OWNER, "search", { words: "deploy", kind: "event" })).hits).toHaveLength(1);
  });

  test("shows a chat device its own notes and no events", async () => {
    const desk = new FakeToolDesk();
    const at = desk.clock.now();
    desk.entries.push({ kind: "note", ref: "mine", session_id: null, device_id: "device-b", at, text: "deploy" });
    desk.entries.push({ kind: "note", ref: "theirs", session_id: null, device_id: "device-a", at, text: "deploy" });
    desk.entries.push({ kind: "event", ref: "e1", session_id: "github:a", device_id: "device-b", at, text: "deploy" });

    expect((await call(desk, CHAT, "search", { words: "deploy" })).hits.map(({ id }: { id: string }) => id)).toEqual([
      "mine",
    ]);
    expect((await call(desk, CHAT, "search", { words: "deploy", kind: "event" })).failed).toContain('scope "owner"');
  });
});
