import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect, createServer } from "node:net";
import { buildBinary, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";
import { rawRequest } from "../support/raw-http.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

/** What `ssh -L` does with its local port: bytes in, bytes out. */
async function forwardTo(port: number): Promise<{ readonly port: number } & AsyncDisposable> {
  const relay = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    near.pipe(far);
    far.pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const address = relay.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: () => new Promise((resolve) => relay.close(() => resolve())),
  };
}

describe.each(SUBJECTS)("Troubleshooting and Security Best Practices (%s)", (_name, command) => {
  test.skipIf(!Bun.which("lsof"))("lsof -i shows what is using the port", async () => {
    await using gateway = await GatewayProcess.start(command);
    const lsof = Bun.spawn(["lsof", "-nP", "-i", `:${gateway.port}`], { stdout: "pipe", stderr: "ignore" });
    const listening = (await lsof.stdout.text()).split("\n").filter((line) => line.includes("(LISTEN)"));
    expect(listening).toHaveLength(1);
    expect(listening[0]).toMatch(new RegExp(`^\\S+ +${gateway.pid} .*127\\.0\\.0\\.1:${gateway.port} \\(LISTEN\\)`));
  });

  test("zeroclaw config get gateway.host shows the current binding", async () => {
    await using gateway = await GatewayProcess.start(command);
    expect(await gateway.command("config", "get", "gateway.host")).toEqual({
      code: 0,
      stdout: "127.0.0.1\n",
      stderr: "",
    });
    await gateway.command("config", "set", "gateway.host", "127.0.0.2");
    expect((await gateway.command("config", "get", "gateway.host")).stdout).toBe("127.0.0.2\n");
  });

  test("an SSH tunnel's local port works as the gateway itself, under the name localhost", async () => {
    await using gateway = await GatewayProcess.start(command);
    await using tunnel = await forwardTo(gateway.port);
    const Host = `localhost:${tunnel.port}`;
    const paired = await rawRequest(tunnel.port, {
      method: "POST",
      path: "/pair",
      headers: { Host, "X-Pairing-Code": gateway.code, Connection: "close" },
    });
    const Authorization = `Bearer ${paired.field("token")}`;
    const said = await rawRequest(tunnel.port, {
      method: "POST",
      path: "/api/message",
      headers: { Host, Authorization, Connection: "close" },
      body: '{"message":"Hello"}',
    });
    expect(said.status).toBe(200);
    // A browser on the near side: its page comes from the tunnel's address.
    const browser = { Host, Authorization, Origin: `http://${Host}`, Connection: "close" };
    expect((await rawRequest(tunnel.port, { path: "/api/events", headers: browser })).status).toBe(200);
    for (const path of ["/", "/api/status"]) {
      expect((await rawRequest(tunnel.port, { path, headers: { Host, Connection: "close" } })).status).toBe(200);
    }
  });

  test("behind a reverse proxy that is trusted, clients are told apart by the address it saw", async () => {
    await using gateway = await GatewayProcess.start(command, {
      config:
        '[gateway]\ntrusted_proxies = ["127.0.0.1"]\npublic_url = "https://agent.example.com"\n' +
        "[gateway.rate_limit]\nmax_requests_per_window = 2\n",
    });
    const via = async (client: string) => {
      const headers = { Host: "agent.example.com", "X-Forwarded-For": client, "X-Forwarded-Host": "agent.example.com" };
      return (await rawRequest(gateway.port, { path: "/api/status", headers })).status;
    };
    expect([await via("198.51.100.1"), await via("198.51.100.1"), await via("198.51.100.1")]).toEqual([200, 200, 429]);
    expect(await via("198.51.100.2")).toBe(200);
  });

  test("zeroclaw gateway --new-pairing rotates tokens: the old ones are void, the new one works", async () => {
    await using before = await GatewayProcess.start(command);
    const old = await before.pair();
    await before.stop();
    await using after = await before.again({ args: ["--new-pairing", "-p", "0"] });
    const token = await after.pair();
    expect((await after.client(old).post("/api/message", { message: "Hello" })).status).toBe(401);
    expect((await after.client(token).post("/api/message", { message: "Hello" })).status).toBe(200);
  });

  test("zeroclaw config get gateway.paired_tokens monitors the paired tokens: one hash for each device, never a token", async () => {
    await using gateway = await GatewayProcess.start(command);
    const shown = () => gateway.command("config", "get", "gateway.paired_tokens");
    expect(await shown()).toEqual({ code: 0, stdout: "[]\n", stderr: "" });
    const token = await gateway.pair();
    const hash = new Bun.CryptoHasher("sha256").update(token).digest("hex");
    expect(await shown()).toEqual({ code: 0, stdout: `["${hash}"]\n`, stderr: "" });
    const [device] = (await gateway.client(token).get("/api/devices")).rows("devices");
    await gateway.command("devices", "revoke", String(device?.["device_id"]));
    expect((await shown()).stdout).toBe("[]\n");
  });

  test("an expired or spent code is replaced by a restart with --new-pairing, and without logging anybody out by get-paircode --new", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    expect((await gateway.command("gateway", "get-paircode")).code).toBe(1); // it was spent
    const made = await gateway.command("gateway", "get-paircode", "--new");
    expect(made.stdout).toMatch(/^🔐 New Pairing Code: [A-Z]{4}-\d{4}-[A-Z]{4}\n.*\n {3}Valid for: 15 minutes\n$/);
    const [code = ""] = /[A-Z]{4}-\d{4}-[A-Z]{4}/.exec(made.stdout) ?? [];
    expect(await gateway.pair(code)).toMatch(/^zc_/);
    expect((await owner.get("/api/devices")).rows("devices")).toHaveLength(2);
    await gateway.stop();
    await using restarted = await gateway.again({ args: ["--new-pairing", "-p", "0"] });
    expect(await restarted.pair()).toMatch(/^zc_/);
  });
});
