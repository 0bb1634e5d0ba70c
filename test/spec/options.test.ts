import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBinary, type Ended, GatewayProcess, runCommand, SUBJECTS } from "../support/gateway-process.ts";
import { startOnPort } from "./ports.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

describe.each(SUBJECTS)("Options (%s)", (_name, command) => {
  async function inNewFolder(...args: string[]): Promise<Ended> {
    const dir = await mkdtemp(join(tmpdir(), "zeroclaw-"));
    try {
      return await runCommand(command, args, dir);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  }

  test("--help tells the page's three options, their short form and their defaults", async () => {
    const { code, stdout, stderr } = await inNewFolder("gateway", "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/-p, --port <n> .*\b0 is a random free one.*gateway\.port, 8585/);
    expect(stdout).toMatch(/--host <addr> .*gateway\.host, 127\.0\.0\.1/);
    expect(stdout).toMatch(/--new-pairing .*Clear all paired tokens/);
  });

  test.each([["-p"], ["--port"]])("%s takes the port to listen on", async (option) => {
    const { gateway, port } = await startOnPort(command, (free) => ({ args: [option, String(free)] }));
    await using _ = gateway;
    expect(gateway.stdout).toContain(`on 127.0.0.1:${port}\n`);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });

  test("the port is gateway.port of the configuration when none is given, and 8585 when that says nothing", async () => {
    await using gateway = await GatewayProcess.start(command, { args: [], config: "[gateway]\nport = 0\n" });
    expect(gateway.stdout).toContain("(random port)");
    expect((await inNewFolder("config", "get", "gateway.port")).stdout).toBe("8585\n");
  });

  test.each(["65536", "-1", "80.5", "8o8o", "", "99999999999999999999"])(
    "--port refuses %p with exit code 2",
    async (port) => {
      const { code, stdout, stderr } = await inNewFolder("gateway", `--port=${port}`);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain(`"--port=${port}" is not a port`);
      expect(stderr).toContain("0 to 65535");
    },
  );

  test("the host is gateway.host of the configuration when none is given, and 127.0.0.1 when that says nothing", async () => {
    await using gateway = await GatewayProcess.start(command, { config: '[gateway]\nhost = "127.0.0.3"\n' });
    expect((await fetch(`http://127.0.0.3:${gateway.port}/health`)).status).toBe(200);
    expect((await inNewFolder("config", "get", "gateway.host")).stdout).toBe("127.0.0.1\n");
  });

  test("--host is stronger than the configuration", async () => {
    await using gateway = await GatewayProcess.start(command, {
      args: ["--host", "127.0.0.1", "-p", "0"],
      config: '[gateway]\nhost = "127.0.0.3"\n',
    });
    expect((await gateway.fetch("/health")).status).toBe(200);
    await expect(fetch(`http://127.0.0.3:${gateway.port}/health`)).rejects.toThrow();
  });

  test("127.0.0.1 is local only: no other address of the machine answers", async () => {
    await using gateway = await GatewayProcess.start(command, { args: ["--host", "127.0.0.1", "-p", "0"] });
    expect((await gateway.fetch("/health")).status).toBe(200);
    await expect(fetch(`http://127.0.0.2:${gateway.port}/health`)).rejects.toThrow();
    expect(gateway.stderr).not.toContain("Listening on"); // nothing to warn about
  });

  test("--host takes an IPv6 address, and prints it as it stands in a URL", async () => {
    await using gateway = await GatewayProcess.start(command, { args: ["--host", "::1", "-p", "0"] });
    expect(gateway.stdout).toContain(`  HTTP:  http://[::1]:${gateway.port}\n`);
    expect((await fetch(`http://[::1]:${gateway.port}/health`)).status).toBe(200);
  });

  test("--host refuses an empty address, which would be all interfaces, with exit code 2", async () => {
    const { code, stderr } = await inNewFolder("gateway", "--host", "");
    expect(code).toBe(2);
    expect(stderr).toContain("names no address");
  });

  test("--new-pairing clears all paired tokens and makes a fresh code", async () => {
    await using before = await GatewayProcess.start(command);
    const old = await before.pair();
    await before.stop();
    await using after = await before.again({ args: ["--new-pairing", "-p", "0"] });
    expect((await after.client(old).get("/api/status")).status).toBe(401);
    expect(after.code).not.toBe(before.code);
    expect(await after.pair()).toMatch(/^zc_[0-9a-f]{64}$/);
    expect((await after.command("config", "get", "gateway.paired_tokens")).stdout).toMatch(/^\["[0-9a-f]{64}"\]\n$/);
  });

  test("--new-pairing is a switch: a value is refused with exit code 2", async () => {
    const { code, stderr } = await inNewFolder("gateway", "--new-pairing=yes");
    expect(code).toBe(2);
    expect(stderr).toContain('"--new-pairing" takes no value');
  });

  test("--new-pairing resets authentication: the lockouts of wrong codes are gone too", async () => {
    await using before = await GatewayProcess.start(command);
    for (let i = 0; i < 5; i += 1) await before.pair("AAAA-0000-AAAA").catch(() => undefined);
    expect((await before.client().post("/pair", { code: before.code })).status).toBe(429);
    await before.stop();
    await using after = await before.again({ args: ["--new-pairing", "-p", "0"] });
    expect(await after.pair()).toMatch(/^zc_/);
  });

  test("a start that fails clears nothing: --new-pairing on a port that is taken leaves the tokens", async () => {
    await using before = await GatewayProcess.start(command);
    const token = await before.pair();
    await before.stop();
    await using other = await GatewayProcess.start(command);
    const failed = await before.command("gateway", "--new-pairing", "-p", String(other.port));
    expect(failed.code).toBe(1);
    await using after = await before.again();
    expect((await after.client(token).get("/api/devices")).status).toBe(200);
  });
});
