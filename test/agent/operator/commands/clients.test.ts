import { describe, expect, test } from "bun:test";
import { FakeDesk } from "../support/desk.ts";
import { ask } from "../support/talk.ts";

describe("/clients", () => {
  test("lists the devices in the order they paired, and which one asks", async () => {
    const desk = new FakeDesk();
    const now = desk.clock.now();
    const phone = {
      device_id: "device-p",
      name: "Phone | *x*",
      scope: "chat",
      created_at: now - 60_000,
      last_seen_at: null,
      expires_at: now + 3_600_000,
    } as const;
    const laptop = {
      device_id: "device-a",
      name: "Laptop",
      scope: "owner",
      created_at: now - 120_000,
      last_seen_at: now - 5_000,
      expires_at: null,
    } as const;
    desk.paired.push(phone, laptop);
    expect(await ask(desk, "/clients")).toBe(
      [
        "| name              | scope | paired | last seen | expires | id         |",
        "|-------------------|-------|--------|-----------|---------|------------|",
        "| Laptop (this one) | owner | 2m ago | 5s ago    | never   | `device-a` |",
        "| Phone \\| \\*x\\*    | chat  | 1m ago | never     | in 1h   | `device-p` |",
        "",
        "`zeroclaw devices revoke <id>` ends one.",
      ].join("\n"),
    );
  });

  test("shows 100 and counts the rest", async () => {
    const desk = new FakeDesk();
    const device = { name: "x", scope: "chat", created_at: 0, last_seen_at: null, expires_at: null } as const;
    for (let i = 0; i < 103; i += 1) desk.paired.push({ ...device, device_id: `device-${i}` });
    expect(await ask(desk, "/clients")).toEndWith("ends one. 3 more are not shown.");
  });

  test("says so when none is paired", async () => {
    expect(await ask(new FakeDesk(), "/clients")).toStartWith("No device is paired.");
  });
});
