import { describe, expect, test } from "bun:test";
import { StoreUnavailable } from "../../src/store/store.ts";
import { Door, storeWith } from "../support/services.ts";

const OPEN_FIELDS = ["paired", "status", "uptime_seconds", "version"];

describe("GET /health", () => {
  test("says ok and no more, to anyone and without a limit", async () => {
    await using door = await Door.open({ config: "[gateway.rate_limit]\nmax_requests_per_window = 1\n" });
    for (let i = 0; i < 5; i += 1) {
      const { status, text, headers } = await door.client().get("/health");
      expect([status, text, headers.get("ratelimit")]).toEqual([200, '{"status":"ok"}', null]);
    }
  });

  test("does not look at a token, right or wrong", async () => {
    await using door = await Door.open();
    for (let i = 0; i < 40; i += 1) expect((await door.client("zc_wrong").get("/health")).status).toBe(200);
  });

  test("answers 503 with Retry-After while the store cannot write", async () => {
    let fault: string | null = null;
    await using door = await Door.open({
      store: (store) => storeWith(store, (name) => (name === "fault" ? fault : undefined)),
    });
    fault = "Cannot write to the store: disk full (SQLITE_FULL)";
    const { status, json, text, headers } = await door.client().get("/health");
    expect([status, json["code"], headers.get("retry-after")]).toEqual([503, "store_unavailable", "5"]);
    expect(text).not.toContain("SQLITE");
    fault = null;
    expect((await door.client().get("/health")).status).toBe(200);
  });

  test("answers 503 from the moment the gateway begins to stop", async () => {
    await using door = await Door.open();
    const drained = door.services.drain(Promise.resolve(), 0);
    const { status, json } = await door.client().get("/health");
    expect([status, json["code"]]).toEqual([503, "shutting_down"]);
    door.clock.advance(10_000);
    await drained;
  });
});

describe("GET /api/status", () => {
  test("tells strangers whether it is up, its version, its age and whether it is paired", async () => {
    await using door = await Door.open();
    expect((await door.client().get("/api/status")).json).toEqual({
      status: "ok",
      version: expect.any(String),
      uptime_seconds: 0,
      paired: false,
    });
    await door.paired();
    door.clock.advance(90_500);
    expect((await door.client().get("/api/status")).json).toMatchObject({ uptime_seconds: 90, paired: true });
  });

  test("tells owner and chat tokens the rest, and a sender of events no more than strangers", async () => {
    await using door = await Door.open({ config: "[gateway]\nwait_seconds = 3\n", env: { SECRET: "hush" } });
    const all = (await (await door.paired("owner")).get("/api/status")).json;
    expect(all).toMatchObject({
      address: "127.0.0.1:8585",
      agent: { kind: "scripted", model: "scripted-1" },
      channels: [],
      devices: 1,
      inbox: { received: 0, running: 0, retrying: 0, dead: 0, oldest_pending_at: null },
      sockets: { open: 0, unauthenticated: 0 },
      limits: { max_requests_per_window: 60, window_seconds: 60, max_body: 65_536, wait_seconds: 3 },
    });
    expect((await (await door.paired("chat")).get("/api/status")).json).toHaveProperty("agent");
    const few = (await (await door.paired("ingest")).get("/api/status")).json;
    expect(Object.keys(few).sort()).toEqual(OPEN_FIELDS);
  });

  test("counts the inbox, with the time of its oldest event", async () => {
    await using door = await Door.open({ resume: false });
    const owner = await door.paired();
    await owner.post("/webhook", { a: 1 });
    door.clock.advance(60_000);
    await owner.post("/webhook", { a: 2 });
    expect((await owner.get("/api/status")).json["inbox"]).toEqual({
      received: 2,
      running: 0,
      retrying: 0,
      dead: 0,
      oldest_pending_at: "2026-11-22T12:00:00.000Z",
    });
  });

  test("names each channel with the reason why it is off", async () => {
    const config = `[channels.github]\nsecret = "env:GITHUB_SECRET"\n[channels.builds]\nscheme = "bearer"\nsecret = "x"\n`;
    await using door = await Door.open({ config });
    const { channels } = (await (await door.paired()).get("/api/status")).json;
    expect(channels).toEqual([
      { name: "github", on: false, reason: expect.stringContaining("GITHUB_SECRET") },
      { name: "builds", kind: "bearer", on: true },
    ]);
  });

  test("refuses a wrong token and a code in its place, instead of taking their sender for a stranger", async () => {
    await using door = await Door.open();
    const wrong = await door.client(`zc_${"0".repeat(64)}`).get("/api/status");
    expect([wrong.status, wrong.json["code"]]).toEqual([401, "unauthorized"]);
    expect(wrong.headers.get("www-authenticate")).toBe('Bearer realm="zeroclaw"');
    const code = await door.client(door.code).get("/api/status");
    expect([code.status, code.json["code"]]).toEqual([401, "pair_first"]);
    expect(code.text).toContain(`curl -X POST http://127.0.0.1:8585/pair -H 'X-Pairing-Code: ${door.code}'`);
  });

  test("is 503 without details when the store cannot be read", async () => {
    let broken = false;
    const counts = () => Promise.reject(new StoreUnavailable("disk I/O error (SQLITE_IOERR)"));
    await using door = await Door.open({
      store: (store) => storeWith(store, (name) => (name === "events" && broken ? { counts } : undefined)),
    });
    broken = true;
    const refused = await door.client().get("/api/status");
    broken = false;
    expect([refused.status, refused.json["code"]]).toEqual([503, "store_unavailable"]);
    expect(refused.text).not.toContain("SQLITE");
    expect(door.lines.join("")).toContain("SQLITE_IOERR");
  });
});
