import { describe, expect, test } from "bun:test";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { GatewayProcess, UNPRIVILEGED } from "../support/gateway-process.ts";
import { GatewaySocket } from "../support/gateway-socket.ts";
import { rawRequest } from "../support/raw-http.ts";

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";
const WRONG_CODE = "AAAA-0000-AAAA";

/** Who may come in: pairing, tokens, scopes, lockouts (contract §2). */
export function httpAccessConformance(command: readonly string[]): void {
  pairing(command);
  lockouts(command);
  tokens(command);
  scopes(command);
}

function pairing(command: readonly string[]): void {
  describe("pairing", () => {
    test("the code is taken from the header or the body, the name from the body, a code's own name first", async () => {
      await using gateway = await GatewayProcess.start(command);
      const named = await gateway.client().post("/pair", { device_name: "laptop" }, { "X-Pairing-Code": gateway.code });
      const owner = gateway.client(named.field("token"));
      const code = (await owner.post("/api/paircodes", { device_name: "tablet" })).field("code");
      await gateway.client().post("/pair", { code, device_name: "impostor" });
      const names = (await owner.get("/api/devices")).rows("devices").map(({ name }) => name);
      expect(names).toEqual(["laptop", "tablet"]);
    });

    test("a client cannot choose its scope: the code's counts", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const code = (await owner.post("/api/paircodes", { scope: "ingest" })).field("code");
      const paired = await gateway.client().post("/pair", { code, scope: "owner" });
      expect(paired.json).toMatchObject({ scope: "ingest" });
      expect((await gateway.client(paired.field("token")).get("/api/devices")).status).toBe(403);
    });

    test("a body that is no code is told what to send, and costs no attempt", async () => {
      await using gateway = await GatewayProcess.start(command);
      for (const body of ["", "{}", '{"code":5}', "nonsense", "[]"]) {
        expect({ body, status: (await gateway.client().post("/pair", body)).status }).toEqual({ body, status: 400 });
      }
      expect(await gateway.pair()).toMatch(/^zc_/);
    });

    test("a configuration that cannot be written: pairing is 500 config_read_only, and no token works", async () => {
      await using gateway = await GatewayProcess.start([...UNPRIVILEGED, ...command]);
      await chmod(join(gateway.dir, "config.toml"), 0o400);
      const before = await gateway.config();
      const refused = await gateway.client().post("/pair", { code: gateway.code });
      expect({ status: refused.status, code: refused.json["code"] }).toEqual({ status: 500, code: "config_read_only" });
      expect(refused.text).not.toContain("zc_");
      expect(await gateway.config()).toBe(before);
      expect((await gateway.client().get("/api/status")).json).toMatchObject({ paired: false });
      await chmod(join(gateway.dir, "config.toml"), 0o600);
      expect(await gateway.pair()).toMatch(/^zc_/); // the code was not spent
    });

    test("a configuration that cannot be written is said at the start", async () => {
      await using gateway = await GatewayProcess.start(command);
      await gateway.stop();
      await chmod(join(gateway.dir, "config.toml"), 0o400);
      await using again = await GatewayProcess.start([...UNPRIVILEGED, ...command], { dir: gateway.dir });
      await again.until(() => again.stderr.includes("config_read_only"));
      expect(again.stderr).toContain("cannot be written");
    });
  });
}

function lockouts(command: readonly string[]): void {
  describe("wrong codes and wrong tokens", () => {
    const pairFrom = (gateway: GatewayProcess, from: string, code: string) =>
      rawRequest(gateway.port, { method: "POST", path: "/pair", headers: { "X-Pairing-Code": code }, from });

    test("five wrong codes lock that address out for 300 s, on /ws too; others, and valid tokens, are not touched", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const code = (await owner.post("/api/paircodes", {})).field("code");
      for (let i = 0; i < 5; i += 1) expect((await pairFrom(gateway, "127.0.0.1", WRONG_CODE)).status).toBe(403);
      const locked = await pairFrom(gateway, "127.0.0.1", code);
      expect({ status: locked.status, code: locked.json["code"] }).toEqual({
        status: 429,
        code: "locked_out",
      });
      expect(Number(locked.headers.get("retry-after"))).toBeGreaterThan(240);
      expect(Number(locked.headers.get("retry-after"))).toBeLessThanOrEqual(300);
      using socket = await GatewaySocket.open(gateway.url);
      expect(await socket.ask({ type: "pair", code })).toMatchObject({ type: "error", code: "locked_out" });
      expect((await owner.get("/api/devices")).status).toBe(200);
      expect((await pairFrom(gateway, "127.0.0.31", code)).status).toBe(200);
    });

    test("a lockout survives a restart, and get-paircode --new ends it and logs nobody out", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      for (let i = 0; i < 5; i += 1) await pairFrom(gateway, "127.0.0.1", WRONG_CODE);
      await gateway.stop();
      await using after = await gateway.again();
      expect((await pairFrom(after, "127.0.0.1", after.code)).status).toBe(429);
      const made = await after.command("gateway", "get-paircode", "--new", "--json");
      expect((await pairFrom(after, "127.0.0.1", JSON.parse(made.stdout).code)).status).toBe(200);
      expect((await after.client(token).get("/api/devices")).status).toBe(200);
    });

    test("30 wrong tokens a minute are answered 401, the 31st 429; a valid token from there works, and so does pairing", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const wrong = gateway.client(`zc_${"0".repeat(64)}`);
      for (let i = 0; i < 30; i += 1) expect((await wrong.get("/api/status")).status).toBe(401);
      const refused = await wrong.get("/api/status");
      expect({ status: refused.status, code: refused.json["code"] }).toEqual({
        status: 429,
        code: "too_many_bad_tokens",
      });
      expect(refused.headers.get("retry-after")).toMatch(/^[1-9]\d?$/);
      expect((await owner.get("/api/devices")).status).toBe(200);
      const code = (await owner.post("/api/paircodes", {})).field("code");
      expect(await gateway.pair(code)).toMatch(/^zc_/); // wrong tokens never touch codes
    });

    test("a code where a token belongs is answered with pair_first and the command; it is neither spent nor counted", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const confused = gateway.client(gateway.code);
      for (let i = 0; i < 40; i += 1) {
        const { status, json } = await confused.post("/api/message", { message: "Hello" });
        expect({ status, code: json["code"] }).toEqual({ status: 401, code: "pair_first" });
        expect(json["detail"]).toContain(`${gateway.url}/pair`);
      }
      expect(await gateway.pair()).toMatch(/^zc_/);
    });
  });
}

function tokens(command: readonly string[]): void {
  describe("tokens", () => {
    test("a token is taken from Authorization alone: not from the URL, a cookie, or another scheme", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const token = await gateway.pair();
      const stranger = gateway.client();
      for (const query of [`token=${token}`, `access_token=${token}`, `bearer=${token}`]) {
        expect([400, 401]).toContain((await stranger.get(`/api/devices?${query}`)).status);
      }
      const headers = [
        { Cookie: `token=${token}` },
        { Cookie: `zeroclaw=${token}` },
        { Authorization: `Basic ${btoa(`x:${token}`)}` },
        { Authorization: token },
        { "X-Api-Key": token },
        { "X-Pairing-Code": token },
      ];
      for (const header of headers) expect((await stranger.get("/api/devices", header)).status).toBe(401);
      expect((await stranger.get("/api/devices", { Authorization: `bearer  ${token}` })).status).toBe(200);
    });

    test("a refusal for want of a token names the scheme", async () => {
      await using gateway = await GatewayProcess.start(command);
      const refused = await gateway.client().get("/api/devices");
      expect(refused.headers.get("www-authenticate")).toStartWith("Bearer");
      expect(refused.field("detail")).toContain("POST /pair");
    });

    test("a revoked token is refused at once, and its sockets close with 4403; the rest of the devices stay", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const token = await gateway.pair((await owner.post("/api/paircodes", { scope: "chat" })).field("code"));
      using socket = await GatewaySocket.authenticated(gateway.url, token);
      expect(await socket.ask({ type: "ping" })).toEqual({ type: "pong" });
      const device = (await owner.get("/api/devices")).rows("devices").find(({ scope }) => scope === "chat");
      expect((await owner.delete(`/api/devices/${device?.["device_id"]}`)).status).toBe(204);
      expect(await socket.closed).toMatchObject({ code: 4403 });
      expect((await gateway.client(token).get("/api/status")).status).toBe(401);
      expect((await owner.get("/api/devices")).rows("devices")).toHaveLength(1);
    });

    test("a hash that is taken out of config.toml ends its device: its socket closes with 4403", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      using socket = await GatewaySocket.authenticated(gateway.url, token);
      const text = await gateway.config();
      await Bun.write(join(gateway.dir, "config.toml"), text.replace(/"[0-9a-f]{64}"/, ""));
      expect(await socket.closed).toMatchObject({ code: 4403 });
      expect((await gateway.client(token).get("/api/status")).status).toBe(401);
    });

    test("a plaintext token that a person wrote into config.toml works, and is replaced by its hash", async () => {
      const token = `zc_${"7".repeat(64)}`;
      await using gateway = await GatewayProcess.start(command, {
        config: `[gateway]\n# put here by hand\npaired_tokens = ["${token}"]\n`,
      });
      expect((await gateway.client(token).get("/api/devices")).status).toBe(200);
      const text = await gateway.config();
      expect(text).not.toContain(token);
      expect(text).toContain(new Bun.CryptoHasher("sha256").update(token).digest("hex"));
      expect(text).toContain("# put here by hand");
    });

    test("a token is nowhere on disk and in no log", async () => {
      await using gateway = await GatewayProcess.start(command, { env: { ZEROCLAW_LOG: "debug" } });
      const owner = await gateway.owner();
      await owner.post("/webhook", { x: 1 });
      await gateway.client(`${owner.token}x`).get("/api/status");
      await gateway.stop();
      const secret = String(owner.token).slice("zc_".length);
      expect(gateway.stderr + gateway.stdout).not.toContain(secret);
      for (const name of new Bun.Glob("**").scanSync({ cwd: gateway.dir, dot: true })) {
        expect({ name, has: (await Bun.file(join(gateway.dir, name)).text()).includes(secret) }).toEqual({
          name,
          has: false,
        });
      }
    });
  });
}

/** Method, path and body of each thing that a token may do, with the least scope that may do it. */
const ACTS = [
  ["POST", "/webhook", { any: "event" }, "ingest"],
  ["POST", "/api/message", { message: "Hello" }, "chat"],
  ["GET", "/api/sessions", undefined, "chat"],
  ["GET", "/api/runs/x", undefined, "chat"],
  ["GET", "/api/events", undefined, "owner"],
  ["GET", "/api/events/x", undefined, "owner"],
  ["GET", "/api/devices", undefined, "owner"],
  ["PATCH", "/api/devices/x", { name: "y" }, "owner"],
  ["POST", "/api/paircodes", {}, "owner"],
  ["GET", "/api/config", undefined, "owner"],
  ["GET", "/api/history", undefined, "owner"],
  ["GET", "/metrics", undefined, "owner"],
] as const;
const RANKS = ["ingest", "chat", "owner"] as const;

function scopes(command: readonly string[]): void {
  describe("scopes", () => {
    test.each(RANKS)(
      "a token with the scope %s may do what its scope covers, and is told what is missing for the rest",
      async (scope) => {
        await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
        const owner = await gateway.owner();
        const client = gateway.client(
          await gateway.pair((await owner.post("/api/paircodes", { scope })).field("code")),
        );
        for (const [method, path, body, needed] of ACTS) {
          const answer = await client.request(method, path, body);
          const allowed = RANKS.indexOf(scope) >= RANKS.indexOf(needed);
          expect({ method, path, refused: answer.status === 403 }).toEqual({ method, path, refused: !allowed });
          if (allowed) continue;
          expect(answer.json).toMatchObject({ code: "forbidden_scope" });
          expect(answer.field("detail")).toContain(`--scope ${needed}`);
        }
      },
    );

    test("a device may remove itself, and nobody but an owner may remove others", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const codes = [
        await owner.post("/api/paircodes", { scope: "ingest" }),
        await owner.post("/api/paircodes", { scope: "chat" }),
      ];
      const [ingest = "", chat = ""] = await Promise.all(codes.map((code) => gateway.pair(code.field("code"))));
      const devices = (await owner.get("/api/devices")).rows("devices");
      const idOf = (scope: string) => String(devices.find((device) => device["scope"] === scope)?.["device_id"]);
      expect((await gateway.client(chat).delete(`/api/devices/${idOf("ingest")}`)).status).toBe(403);
      expect((await gateway.client(ingest).delete(`/api/devices/${idOf("ingest")}`)).status).toBe(204);
      expect((await gateway.client(ingest).post("/webhook", {})).status).toBe(401);
    });

    test("sessions are their device's: another chat token cannot read, use, remove or probe for them; an owner can", async () => {
      await using gateway = await GatewayProcess.start(command);
      const owner = await gateway.owner();
      const codes = [
        await owner.post("/api/paircodes", { scope: "chat" }),
        await owner.post("/api/paircodes", { scope: "chat" }),
      ];
      const [mine = "", theirs = ""] = await Promise.all(codes.map((code) => gateway.pair(code.field("code"))));
      const said = await gateway.client(mine).post("/api/message", { message: "Hello", session_id: "diary" });
      const other = gateway.client(theirs);
      expect((await other.get("/api/sessions/diary")).status).toBe(404);
      expect((await other.delete("/api/sessions/diary")).status).toBe(404);
      expect((await other.get(`/api/runs/${said.field("run_id")}`)).status).toBe(404);
      expect((await other.post("/api/message", { message: "Hello", session_id: "diary" })).status).toBe(403);
      expect((await other.get("/api/sessions")).rows("sessions")).toEqual([]);
      expect((await owner.get("/api/sessions/diary")).rows("messages")).toHaveLength(2);
      expect((await owner.delete("/api/sessions/diary")).status).toBe(204);
      expect((await gateway.client(mine).get("/api/sessions/diary")).status).toBe(404);
    });
  });
}
