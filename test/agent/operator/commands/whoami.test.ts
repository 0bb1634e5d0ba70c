import { describe, expect, test } from "bun:test";
import { FakeDesk } from "../support/desk.ts";
import { ask, CHAT } from "../support/talk.ts";

describe("/whoami", () => {
  test("names the device, its scope, what it sees and the session", async () => {
    const desk = new FakeDesk();
    const now = desk.clock.now();
    desk.paired.push({
      device_id: "device-b",
      name: "Phone `x`",
      scope: "chat",
      created_at: now - 60_000,
      last_seen_at: now,
      expires_at: now + 60_000,
    });
    expect(await ask(desk, "/whoami", CHAT)).toBe(
      [
        "You are “Phone \\`x\\`”, device `device-b`.",
        "",
        "- scope: chat",
        "- sees: this device's own sessions, notes and reminders",
        "- session: `device:a`",
        "- paired: 1m ago",
        "- expires: in 1m",
      ].join("\n"),
    );
  });

  test.each([
    ["local", "You are at the machine that the gateway runs on."],
    ["device-x", "You are device `device-x`."],
    [null, "You are no device: the gateway itself asked."],
  ])("knows what the device %p is", async (device_id, expected) => {
    const answer = await ask(new FakeDesk(), "/whoami", { device_id });
    expect(answer).toStartWith(`${expected}\n\n- scope: owner\n- sees: everything this gateway holds\n`);
  });
});
