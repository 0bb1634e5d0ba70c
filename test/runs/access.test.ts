import { describe, expect, test } from "bun:test";
import type { Principal, Scope } from "../../src/protocol/principal.ts";
import { ownSession, reachOf, SessionAccess } from "../../src/runs/access.ts";
import { MemoryRunStore } from "../support/memory-runs.ts";

function device(device_id: string, scope: Scope = "chat"): Principal {
  return { device_id, name: device_id, scope, local: false };
}

const PHONE = device("phone");
const TABLET = device("tablet");
const OWNER = device("owner", "owner");
const SENSOR = device("sensor", "ingest");

function open(channels: readonly string[] = []) {
  const store = new MemoryRunStore();
  const made = (session_id: string, device_id: string | null) =>
    store.sessionRows.set(session_id, { session_id, device_id, title: "", created_at: 0, updated_at: 0, seq_limit: 1 });
  return {
    access: new SessionAccess(
      store.sessions,
      channels,
      (id) => (({ owner: "owner", phone: "chat", tablet: "chat" })[id] as Scope) ?? null,
    ),
    made,
    store,
  };
}

describe("SessionAccess for a message", () => {
  test("is the device's own session when none is named", async () => {
    const { access } = open();
    expect((await access.forMessage(PHONE, undefined)).session_id).toBe("device:phone");
    expect((await access.forMessage(PHONE, "device:phone")).session_id).toBe("device:phone");
    expect(ownSession(TABLET)).toBe("device:tablet");
  });

  test("lets a device make a session and come back to it", async () => {
    const { access, made } = open();
    expect((await access.forMessage(PHONE, "trip")).session_id).toBe("trip");
    made("trip", "phone");
    expect((await access.forMessage(PHONE, "trip")).session_id).toBe("trip");
  });

  test("refuses another device's session, also before its first message is on disk", async () => {
    const { access, made } = open();
    await access.forMessage(PHONE, "trip");
    await expect(access.forMessage(TABLET, "trip")).rejects.toMatchObject({ code: "forbidden_scope" });
    made("trip", "phone");
    await expect(access.forMessage(TABLET, "trip")).rejects.toMatchObject({ code: "forbidden_scope" });
    await expect(access.forMessage(SENSOR, "trip")).rejects.toMatchObject({ code: "forbidden_scope" });
    expect((await access.forMessage(OWNER, "trip")).session_id).toBe("trip");
  });

  test("refuses to make sessions whose names the gateway gives", async () => {
    const { access } = open(["stripe"]);
    const given = [
      "github:a/b#1",
      "whatsapp:123",
      "webhook:x",
      "device:tablet",
      "stripe:evt",
      "webhook",
      "github",
      "stripe",
    ];
    for (const name of given) {
      for (const who of [OWNER, PHONE])
        await expect(access.forMessage(who, name)).rejects.toMatchObject({ code: "bad_field" });
    }
    for (const name of ["stripes:evt", "githubs", ":x", "a:b"])
      expect((await access.forMessage(OWNER, name)).session_id).toBe(name);
  });

  test("answers an owner in another device's session with what that device may see, since it reads the answer", async () => {
    const { access, made } = open();
    made("trip", "phone");
    expect(await access.forMessage(OWNER, "trip")).toEqual({ session_id: "trip", device_id: "phone", reach: "chat" });
    made("gone", "a device that was removed");
    expect(await access.forMessage(OWNER, "gone")).toMatchObject({ reach: "chat" });
    await access.forMessage(PHONE, "new");
    expect(await access.forMessage(OWNER, "new")).toMatchObject({ device_id: "phone", reach: "chat" });
    expect(await access.forMessage(OWNER, "mine")).toEqual({ session_id: "mine", device_id: "owner", reach: "owner" });
  });

  test("keeps a source's session from a device, even one whose events made it", async () => {
    const { access, made } = open();
    made("webhook", "phone");
    await expect(access.forMessage(PHONE, "webhook")).rejects.toMatchObject({ code: "forbidden_scope" });
    expect(await access.find(PHONE, "webhook")).toBeNull();
    expect((await access.find(OWNER, "webhook"))?.session_id).toBe("webhook");
  });

  test("lets an owner speak in a channel's session that is there, and nobody else", async () => {
    const { access, made } = open();
    made("github:a/b#1", null);
    expect((await access.forMessage(OWNER, "github:a/b#1")).session_id).toBe("github:a/b#1");
    await expect(access.forMessage(PHONE, "github:a/b#1")).rejects.toMatchObject({ code: "forbidden_scope" });
  });
});

describe("SessionAccess.find", () => {
  test("shows a device its own sessions, an owner all, and others nothing, as if there were none", async () => {
    const { access, made } = open();
    made("trip", "phone");
    expect((await access.find(PHONE, "trip"))?.session_id).toBe("trip");
    expect((await access.find(OWNER, "trip"))?.session_id).toBe("trip");
    expect(await access.find(TABLET, "trip")).toBeNull();
    expect(await access.find(SENSOR, "trip")).toBeNull();
    expect(await access.find(OWNER, "none")).toBeNull();
  });
});

test("reachOf gives each scope no more than its own", () => {
  expect([OWNER, PHONE, SENSOR].map(reachOf)).toEqual(["owner", "chat", "channel"]);
});
