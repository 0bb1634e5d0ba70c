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
  return { access: new SessionAccess(store.sessions, channels), made, store };
}

describe("SessionAccess for a message", () => {
  test("is the device's own session when none is named", async () => {
    const { access } = open();
    expect(await access.forMessage(PHONE, undefined)).toBe("device:phone");
    expect(await access.forMessage(PHONE, "device:phone")).toBe("device:phone");
    expect(ownSession(TABLET)).toBe("device:tablet");
  });

  test("lets a device make a session and come back to it", async () => {
    const { access, made } = open();
    expect(await access.forMessage(PHONE, "trip")).toBe("trip");
    made("trip", "phone");
    expect(await access.forMessage(PHONE, "trip")).toBe("trip");
  });

  test("refuses another device's session, also before its first message is on disk", async () => {
    const { access, made } = open();
    await access.forMessage(PHONE, "trip");
    await expect(access.forMessage(TABLET, "trip")).rejects.toMatchObject({ code: "forbidden_scope" });
    made("trip", "phone");
    await expect(access.forMessage(TABLET, "trip")).rejects.toMatchObject({ code: "forbidden_scope" });
    await expect(access.forMessage(SENSOR, "trip")).rejects.toMatchObject({ code: "forbidden_scope" });
    expect(await access.forMessage(OWNER, "trip")).toBe("trip");
  });

  test("refuses to make sessions whose names the gateway gives", async () => {
    const { access } = open(["stripe"]);
    for (const name of ["github:a/b#1", "whatsapp:123", "webhook:x", "device:tablet", "stripe:evt"]) {
      await expect(access.forMessage(OWNER, name)).rejects.toMatchObject({ code: "bad_field" });
    }
    for (const name of ["stripes:evt", "github", ":x", "a:b"]) expect(await access.forMessage(OWNER, name)).toBe(name);
  });

  test("lets an owner speak in a channel's session that is there, and nobody else", async () => {
    const { access, made } = open();
    made("github:a/b#1", null);
    expect(await access.forMessage(OWNER, "github:a/b#1")).toBe("github:a/b#1");
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
