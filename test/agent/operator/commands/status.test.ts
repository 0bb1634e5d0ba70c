import { describe, expect, test } from "bun:test";
import { FakeDesk } from "../support/desk.ts";
import { ask, CHAT } from "../support/talk.ts";

const STATUS = {
  status: "ok",
  version: "1.2.3",
  uptime_seconds: 59,
  address: "127.0.0.1:8585",
  agent: { kind: "operator", model: "operator" },
  channels: [],
  sockets: { open: 1_234 },
};

describe("/status", () => {
  test("shows an owner the whole", async () => {
    const desk = new FakeDesk();
    desk.event(60_000, { state: "received" });
    desk.event(1_000, { state: "dead" });
    expect(await ask(desk, "/status")).toBe(
      [
        "zeroclaw 0.1.0, up 3h 5m, all well",
        "",
        "- agent: operator",
        "- inbox: 1 waiting, 0 running, 0 to be tried again, 1 dead",
        "- oldest unfinished event: 1m ago",
        "- channels: github, whatsapp (off: app_secret is missing)",
        "- sockets: 2",
        "- address: `127.0.0.1:8585`",
      ].join("\n"),
    );
  });

  test("shows a chat device neither address nor channels", async () => {
    expect(await ask(new FakeDesk(), "/status", CHAT)).toBe(
      "zeroclaw 0.1.0, up 3h 5m, all well\n\n- agent: operator\n- inbox: 0 waiting, 0 running, 0 to be tried again, 0 dead",
    );
  });

  test("says what is wrong", async () => {
    const desk = new FakeDesk();
    desk.status = async () => ({ ...STATUS, status: "store_unavailable", agent: { kind: "model", model: "llama" } });
    const answer = await ask(desk, "/status");
    expect(answer).toStartWith("zeroclaw 1.2.3, up 59s, **store unavailable**\n\n- agent: model, llama\n");
    expect(answer).toContain("- channels: none set up\n- sockets: 1,234\n");
  });
});
