import { describe, expect, test } from "bun:test";
import { call, FakeToolDesk, OWNER } from "./support/tool-desk.ts";

describe("gateway_status", () => {
  test("shows the agent, the channels, and since when something waits", async () => {
    const desk = new FakeToolDesk();
    desk.event(60_000, { state: "retrying" });

    expect(await call(desk, OWNER, "gateway_status")).toEqual({
      status: "ok",
      now: "2026-11-22T12:00:00.000Z",
      version: "0.1.0",
      uptime_seconds: 11_100,
      address: "127.0.0.1:8585",
      agent: { kind: "operator", model: "operator" },
      channels: [
        { name: "github", on: true },
        { name: "whatsapp", on: false, reason: "app_secret is missing" },
      ],
      sockets: { open: 2 },
      inbox: { received: 0, running: 0, retrying: 1, dead: 0, oldest_pending_at: "2026-11-22T11:59:00.000Z" },
    });
  });
});
