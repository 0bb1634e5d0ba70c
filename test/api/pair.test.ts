import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { sha256Hex } from "../../src/lib/hash.ts";
import { Door } from "../support/services.ts";

const WRONG = "WXYZ-1234-ABCD";

describe("POST /pair", () => {
  test("trades the code of the header for an owner's token, which works at once and is kept as a hash only", async () => {
    await using door = await Door.open();
    const paired = await door.client().post("/pair", undefined, { "X-Pairing-Code": door.code });
    expect(paired.json).toEqual({
      paired: true,
      persisted: true,
      token: expect.stringMatching(/^zc_[0-9a-f]{64}$/),
      device_id: expect.any(String),
      scope: "owner",
      message: expect.any(String),
    });
    const token = paired.field("token");
    expect((await door.client(token).get("/api/devices")).status).toBe(200);
    const file = await Bun.file(join(door.dir, "config.toml")).text();
    expect(file).toContain(sha256Hex(token));
    expect(file).not.toContain(token);
  });

  test.each([
    ["lower case", (code: string) => code.toLowerCase()],
    ["no dashes", (code: string) => code.replaceAll("-", "")],
    ["blanks around", (code: string) => `  ${code} `],
  ])("takes a code with %s, in the body as in the header", async (_how, written) => {
    await using door = await Door.open();
    expect((await door.client().post("/pair", { code: written(door.code) })).status).toBe(200);
    await using other = await Door.open();
    const headers = { "X-Pairing-Code": written(other.code) };
    expect((await other.client().post("/pair", undefined, headers)).status).toBe(200);
  });

  test("takes JSON whatever the content type, as curl -d sends it", async () => {
    await using door = await Door.open();
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const paired = await door.client().post("/pair", JSON.stringify({ code: door.code }), headers);
    expect(paired.json["paired"]).toBe(true);
  });

  test("takes the name of the body with the code of the header, whose code counts when there are two", async () => {
    await using door = await Door.open();
    const headers = { "X-Pairing-Code": door.code };
    const paired = await door.client().post("/pair", { code: WRONG, device_name: "laptop" }, headers);
    const devices = await door.client(paired.field("token")).get("/api/devices");
    expect(devices.rows("devices")).toMatchObject([{ name: "laptop", current: true }]);
  });

  test("needs a code: none in the header and none in the body is 400 and counts as no attempt", async () => {
    await using door = await Door.open();
    for (const body of [undefined, "", { device_name: "laptop" }]) {
      const refused = await door.client().post("/pair", body);
      expect([refused.status, refused.json["code"]]).toEqual([400, "bad_field"]);
    }
    expect((await door.client().post("/pair", { code: door.code })).status).toBe(200);
  });

  test.each([
    ["no JSON", "WXYZ-1234-ABCD", "bad_json"],
    ["half of it", '{"code":', "bad_json"],
    ["a list", '["WXYZ-1234-ABCD"]', "bad_field"],
    ["null", "null", "bad_field"],
    ["a number as the code", '{"code":12341234}', "bad_field"],
    ["a code of 65 characters", JSON.stringify({ code: "A".repeat(65) }), "bad_field"],
    ["an empty name", '{"code":"WXYZ-1234-ABCD","device_name":""}', "bad_field"],
    ["a name of 65 characters", JSON.stringify({ code: WRONG, device_name: "n".repeat(65) }), "bad_field"],
    ["no UTF-8", new Uint8Array([0x7b, 0xff]), "bad_text"],
  ])("refuses a body that is %s, with the code of the header or without", async (_what, body, code) => {
    await using door = await Door.open();
    const alone = await door.client().post("/pair", body);
    expect([alone.status, alone.json["code"]]).toEqual([400, code]);
    if (typeof body === "string" && body.startsWith("{") && !body.includes("device_name")) return;
    const headed = await door.client().post("/pair", body, { "X-Pairing-Code": door.code });
    expect([headed.status, headed.json["code"]]).toEqual([400, code]);
  });

  test("gives one token for a code, also to two who send it at once", async () => {
    await using door = await Door.open();
    const both = await Promise.all([1, 2].map(() => door.client().post("/pair", { code: door.code })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 403]);
    const again = await door.client().post("/pair", { code: door.code });
    expect([again.status, again.json["code"]]).toEqual([403, "invalid_code"]);
  });

  test("refuses an expired code as it does a wrong one", async () => {
    await using door = await Door.open();
    door.clock.advance(15 * 60_000);
    const expired = await door.client().post("/pair", { code: door.code });
    const wrong = await door.client().post("/pair", { code: WRONG });
    expect([expired.status, expired.json["detail"]]).toEqual([403, wrong.json["detail"]]);
  });

  test("locks an address out after 5 wrong codes for 300 s, and nobody else: no valid token, no other address", async () => {
    await using door = await Door.open();
    const owner = await door.paired();
    const guesser = door.client(null, "198.51.100.66");
    for (let i = 0; i < 5; i += 1) expect((await guesser.post("/pair", { code: WRONG })).status).toBe(403);
    const locked = await guesser.post("/pair", { code: door.code });
    expect([locked.status, locked.json["code"], locked.headers.get("retry-after")]).toEqual([429, "locked_out", "300"]);
    const neighbour = door.client(owner.token, "198.51.100.66");
    expect((await neighbour.get("/api/devices")).status).toBe(200);
    expect((await door.client().post("/pair", { code: door.code })).status).toBe(200);
  });

  test("is limited to 10 a minute for an address, although rate limits are switched off", async () => {
    await using door = await Door.open();
    for (let i = 0; i < 10; i += 1) expect((await door.client().post("/pair", "x")).status).toBe(400);
    const limited = await door.client().post("/pair", { code: door.code });
    expect([limited.status, limited.json["code"]]).toEqual([429, "rate_limited"]);
    expect(limited.headers.get("ratelimit-policy")).toBe('"pair";q=10;w=60');
    expect(limited.headers.get("retry-after")).toBe("60");
  });

  test("gives the scope that belongs to the code, whatever the client asks for", async () => {
    await using door = await Door.open();
    const code = (await door.local().post("/api/paircodes", { scope: "ingest" })).field("code");
    const paired = await door.client().post("/pair", { code, scope: "owner", device_name: "ci" });
    expect(paired.json["scope"]).toBe("ingest");
    expect((await door.client(paired.field("token")).get("/api/devices")).status).toBe(403);
  });

  test("does not look at a token that comes along, be it wrong", async () => {
    await using door = await Door.open();
    const paired = await door.client(`zc_${"0".repeat(64)}`).post("/pair", { code: door.code });
    expect(paired.status).toBe(200);
  });

  test("is refused for a code in the URL, which logs would keep", async () => {
    await using door = await Door.open();
    const refused = await door.client().post(`/pair?code=${door.code}`);
    expect([refused.status, refused.json["code"]]).toEqual([400, "token_in_url"]);
  });
});
