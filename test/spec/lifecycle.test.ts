import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, buildBinary, eventually, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";
import { GatewaySocket } from "../support/gateway-socket.ts";
import { RawConnection, requestBytes } from "../support/raw-http.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";

describe.each(SUBJECTS)("Stops and restarts (%s)", (_name, command) => {
  test("an event that was answered 202 survives SIGKILL, and is worked on once after the restart", async () => {
    await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
    const token = await gateway.pair();
    const sender = gateway.client(token);
    const accepted: string[] = [];
    const lane = async (name: string) => {
      for (let i = 0; ; i += 1) accepted.push((await sender.post("/webhook", { name, i })).field("event_id"));
    };
    const lanes = Promise.allSettled(["a", "b", "c", "d", "e", "f", "g", "h"].map(lane));
    await eventually("some events are accepted", async () => accepted.length >= 100);
    await gateway.kill(); // in the middle of eight requests
    await lanes;

    await using after = await gateway.again();
    const owner = after.client(token);
    for (const event_id of accepted) {
      await eventually(`the event ${event_id} is done`, async () => {
        return (await owner.get(`/api/events/${event_id}`)).field("state") === "done";
      });
      const log = (await owner.get(`/api/events/${event_id}`)).rows("attempts_log");
      expect(log.filter(({ outcome }) => outcome === "done")).toHaveLength(1);
    }
  });

  test("SIGTERM: a request in flight is finished, sockets are told 1001, new connections are refused, exit code 0", async () => {
    await using gateway = await GatewayProcess.start(command);
    const token = await gateway.pair();
    using socket = await GatewaySocket.authenticated(gateway.url, token);
    await using slow = await RawConnection.open(gateway.port);
    const body = '{"type":"deploy"}';
    const headers = { Authorization: `Bearer ${token}`, "Content-Length": String(body.length) };
    slow.send(requestBytes(gateway.port, { method: "POST", path: "/webhook", headers }));
    slow.send(body.slice(0, 5));
    await gateway.fetch("/health"); // so what was sent before has arrived
    gateway.signal("SIGTERM");
    expect(await socket.closed).toMatchObject({ code: 1001 });
    await expect(gateway.fetch("/health")).rejects.toThrow();
    slow.send(body.slice(5));
    const answer = await slow.response();
    expect(answer.status).toBe(202);
    expect(await gateway.ended()).toBe(0);

    await using after = await gateway.again();
    const event_id = answer.field("event_id");
    expect((await after.client(token).get(`/api/events/${event_id}/body`)).text).toBe(body);
  });

  test("devices, their names and their scopes survive a stop and a SIGKILL", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const made = await owner.post("/api/paircodes", { scope: "chat", device_name: "kitchen tablet" });
    const token = await gateway.pair(made.field("code"));
    await gateway.stop();
    await using second = await gateway.again();
    await second.kill();
    await using third = await gateway.again();
    const devices = (await third.client(owner.token).get("/api/devices")).rows("devices");
    expect(devices.map(({ name, scope }) => [name, scope])).toEqual([
      ["unnamed device", "owner"],
      ["kitchen tablet", "chat"],
    ]);
    expect((await third.client(token).post("/api/message", { message: "Hello" })).status).toBe(200);
  });

  test("two gateways on two folders run side by side, and know nothing of each other's devices", async () => {
    await using first = await GatewayProcess.start(command);
    await using second = await GatewayProcess.start(command);
    const token = await first.pair();
    expect((await first.client(token).get("/api/devices")).status).toBe(200);
    expect((await second.client(token).get("/api/devices")).status).toBe(401);
  });
});

describe("The executable in a folder of somebody else's", () => {
  test("reads no .env, bunfig.toml, tsconfig.json, package.json or node_modules of the folder it is started in", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "zeroclaw-hostile-"));
    try {
      const evil = `require("node:fs").writeFileSync(${JSON.stringify(join(cwd, "RAN"))}, "ran");\n`;
      const planted: Readonly<Record<string, string>> = {
        ".env":
          "PORT=1\nHOST=0.0.0.0\nZEROCLAW_GATEWAY__HOST=0.0.0.0\nZEROCLAW_LOG=nonsense\nZEROCLAW_CONFIG_DIR=/nonexistent\n",
        ".env.production": "ZEROCLAW_GATEWAY__HOST=0.0.0.0\n",
        ".env.local": "ZEROCLAW_GATEWAY__HOST=0.0.0.0\n",
        "bunfig.toml": 'preload = ["./evil.js"]\n[test]\npreload = ["./evil.js"]\n',
        "tsconfig.json": '{"compilerOptions":{"paths":{"*":["./evil.js"]},"baseUrl":"."}}',
        "package.json": '{"name":"evil","type":"commonjs","imports":{"#x":"./evil.js"},"main":"./evil.js"}',
        "evil.js": evil,
        "config.toml": "[gateway]\nport = 1\n",
      };
      for (const [name, text] of Object.entries(planted)) await writeFile(join(cwd, name), text);
      for (const name of ["@decimalturn/toml-patch", "bun", "ws"]) {
        await mkdir(join(cwd, "node_modules", name), { recursive: true });
        await writeFile(join(cwd, "node_modules", name, "package.json"), `{"name":"${name}","main":"index.js"}`);
        await writeFile(join(cwd, "node_modules", name, "index.js"), evil);
      }
      await using gateway = await GatewayProcess.start(BINARY, { cwd });
      expect(gateway.stdout).toContain("on 127.0.0.1 (random port)");
      await gateway.pair(); // edits config.toml, for which a module is loaded late
      expect((await gateway.command("config", "get", "gateway.host")).stdout).toBe("127.0.0.1\n");
      expect(await Bun.file(join(cwd, "RAN")).exists()).toBe(false);
    } finally {
      await rm(cwd, { recursive: true, force: true });
    }
  });

  test("HOST, PORT and API_KEY of the environment mean nothing; ZEROCLAW_GATEWAY__… does", async () => {
    const env = { HOST: "0.0.0.0", PORT: "1", API_KEY: "x", ZEROCLAW_GATEWAY__PORT: "0" };
    await using gateway = await GatewayProcess.start(BINARY, { args: [], env });
    expect(gateway.stdout).toContain("on 127.0.0.1 (random port)");
  });
});
