import { describe, expect, test } from "bun:test";
import { Door } from "../support/services.ts";

const CODE = expect.stringMatching(/^[A-Z]{4}-\d{4}-[A-Z]{4}$/);

describe("GET /api/devices", () => {
  test("lists who holds a token, which one asks, and no hash", async () => {
    await using door = await Door.open();
    const owner = await door.paired("owner", "laptop");
    await door.paired("ingest", "ci");
    door.clock.advance(1_000);
    const { text, json } = await owner.get("/api/devices");
    expect(json["devices"]).toEqual([
      {
        device_id: owner.device_id,
        name: "laptop",
        scope: "owner",
        created_at: "2026-11-22T12:00:00.000Z",
        last_seen_at: "2026-11-22T12:00:01.000Z",
        current: true,
      },
      expect.objectContaining({ name: "ci", scope: "ingest", last_seen_at: null, current: false }),
    ]);
    expect(text).not.toMatch(/[0-9a-f]{64}/);
  });
});

describe("PATCH /api/devices/{id}", () => {
  test("renames a device, at once and for good", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const renamed = await owner.request("PATCH", `/api/devices/${owner.device_id}`, { name: "  kitchen " });
    expect([renamed.status, renamed.json]).toMatchObject([200, { name: "kitchen", current: true }]);
    await door.stop();
    await using next = await Door.open({ dir: door.dir });
    expect((await next.client(owner.token).get("/api/devices")).rows("devices")).toMatchObject([{ name: "kitchen" }]);
  });

  test.each([
    ["nothing", undefined, "bad_json"],
    ["no name", {}, "bad_field"],
    ["an empty name", { name: "" }, "bad_field"],
    ["a name of blanks", { name: "   " }, "bad_field"],
    ["a name of control characters", { name: "\u0000\u001b" }, "bad_field"],
    ["a name of 65 characters", { name: "n".repeat(65) }, "bad_field"],
    ["a number", { name: 1 }, "bad_field"],
  ])("refuses %s", async (_what, body, code) => {
    await using door = await Door.open();
    const owner = await door.paired("owner", "laptop");
    const refused = await owner.request("PATCH", `/api/devices/${owner.device_id}`, body);
    expect([refused.status, refused.json["code"]]).toEqual([400, code]);
    expect((await owner.get("/api/devices")).rows("devices")).toMatchObject([{ name: "laptop" }]);
  });

  test("is the owners', and 404 for a device that is not there", async () => {
    await using door = await Door.open();
    const [owner, chat] = [await door.paired(), await door.paired("chat")];
    expect((await chat.request("PATCH", `/api/devices/${chat.device_id}`, { name: "x" })).status).toBe(403);
    expect((await owner.request("PATCH", "/api/devices/nobody", { name: "x" })).status).toBe(404);
  });
});

describe("DELETE /api/devices/{id}", () => {
  test("voids the token before it answers, for good", async () => {
    await using door = await Door.open();
    const [owner, chat] = [await door.paired(), await door.paired("chat")];
    const removed = await owner.delete(`/api/devices/${chat.device_id}`);
    expect([removed.status, removed.text]).toEqual([204, ""]);
    expect((await chat.get("/api/sessions")).status).toBe(401);
    expect((await owner.delete(`/api/devices/${chat.device_id}`)).status).toBe(404);
    await door.stop();
    await using next = await Door.open({ dir: door.dir });
    expect((await next.client(chat.token).get("/api/sessions")).status).toBe(401);
    expect((await next.client(owner.token).get("/api/devices")).rows("devices")).toHaveLength(1);
  });

  test("lets every device remove itself, and none but owners another", async () => {
    await using door = await Door.open();
    for (const scope of ["chat", "ingest"] as const) {
      const [one, other] = [await door.paired(scope), await door.paired("owner")];
      for (const id of [other.device_id, "nobody", ""]) {
        const refused = await one.delete(`/api/devices/${id}`);
        expect([id, refused.status]).toEqual([id, id === "" ? 404 : 403]);
      }
      expect((await one.delete(`/api/devices/${one.device_id}`)).status).toBe(204);
      expect((await one.get("/api/status")).status).toBe(401);
      expect((await other.get("/api/status")).status).toBe(200);
    }
  });

  test("voids the token at once although config.toml cannot be written, and says what is left to do", async () => {
    await using door = await Door.open();
    const [owner, chat] = [await door.paired(), await door.paired("chat")];
    door.file.readOnly = true;
    const refused = await owner.delete(`/api/devices/${chat.device_id}`);
    expect([refused.status, refused.json["code"]]).toEqual([500, "config_read_only"]);
    expect(refused.text).toContain("gateway.paired_tokens");
    expect((await chat.get("/api/sessions")).status).toBe(401);
  });
});

describe("POST /api/paircodes", () => {
  test("makes a code for one more device, with its scope and name, beside the printed one", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const made = await owner.post("/api/paircodes", { scope: "chat", device_name: "phone" });
    expect(made.json).toEqual({ code: CODE, expires_at: "2026-11-22T12:15:00.000Z" });
    const paired = await door.client().post("/pair", { code: made.field("code"), device_name: "not this" });
    expect(paired.json["scope"]).toBe("chat");
    expect((await owner.get("/api/devices")).rows("devices")[1]).toMatchObject({ name: "phone", scope: "chat" });
    expect((await door.client().post("/pair", { code: door.code })).status).toBe(200);
  });

  test("without a body, or for a plain owner, takes the place of the printed code", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const code = (await owner.post("/api/paircodes")).field("code");
    expect((await door.client().post("/pair", { code: door.code })).status).toBe(403);
    expect((await door.client().post("/pair", { code })).json["scope"]).toBe("owner");
    expect((await owner.post("/api/paircodes", {})).status).toBe(200);
    expect((await owner.post("/api/paircodes", { scope: "owner" })).status).toBe(200);
  });

  test.each([
    ["an unknown scope", { scope: "admin" }],
    ["a list", []],
    ["an empty name", { device_name: "" }],
  ])("refuses %s", async (_what, body) => {
    await using door = await Door.open();
    const refused = await (await door.paired()).post("/api/paircodes", body);
    expect([refused.status, refused.json["code"]]).toEqual([400, "bad_field"]);
  });

  test("refuses a seventeenth live code, until one expires", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    for (let i = 0; i < 16; i += 1) expect((await owner.post("/api/paircodes", { scope: "chat" })).status).toBe(200);
    const refused = await owner.post("/api/paircodes", { scope: "chat" });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "900"]);
    door.clock.advance(15 * 60_000);
    expect((await owner.post("/api/paircodes", { scope: "chat" })).status).toBe(200);
  });

  test("is the owners'", async () => {
    await using door = await Door.open();
    for (const scope of ["chat", "ingest"] as const)
      expect((await (await door.paired(scope)).post("/api/paircodes", {})).status).toBe(403);
  });
});

describe("the Unix socket's own routes", () => {
  test("show the code and make a new one, which ends lockouts and logs nobody out", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    for (let i = 0; i < 6; i += 1) await door.client(null, "198.51.100.66").post("/pair", { code: "WXYZ-1234-ABCD" });
    expect((await door.local().get("/local/paircode")).json).toEqual({
      code: door.code,
      expires_at: "2026-11-22T12:15:00.000Z",
      further: [],
    });
    const made = await door.local().post("/local/paircode");
    expect(made.json).toEqual({ code: CODE, expires_at: expect.any(String) });
    expect(made.field("code")).not.toBe(door.code);
    const paired = await door.client(null, "198.51.100.66").post("/pair", { code: made.field("code") });
    expect(paired.status).toBe(200);
    expect((await owner.get("/api/status")).status).toBe(200);
    expect((await door.local().get("/local/paircode")).json).toEqual({ code: null, expires_at: null, further: [] });
    const phone = await door.local().post("/local/paircode", { scope: "chat", device_name: "phone" });
    expect((await door.local().get("/local/paircode")).json).toMatchObject({
      code: null,
      further: [{ code: phone.field("code"), scope: "chat", device_name: "phone", expires_at: expect.any(String) }],
    });
  });

  test("do not exist at the port: every method gets the 404 of an address that is not there", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    for (const client of [owner, door.client()]) {
      for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
        const refused = await client.request(method, "/local/paircode");
        expect([method, refused.status, refused.headers.get("allow")]).toEqual([method, 404, null]);
      }
    }
  });

  test("make the user of this machine an owner everywhere, without a token or a limit", async () => {
    await using door = await Door.open({ config: "[gateway.rate_limit]\nmax_requests_per_window = 1\n" });
    for (let i = 0; i < 3; i += 1) expect((await door.local().get("/api/devices")).status).toBe(200);
    const answer = await door.local().post("/api/message", { message: "Hi" });
    expect(answer.json["session_id"]).toBe("device:local");
    const socket = await door.local().get("/ws");
    expect([socket.status, socket.json["code"]]).toEqual([404, "not_found"]);
  });
});
