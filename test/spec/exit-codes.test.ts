import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  buildBinary,
  type Ended,
  GatewayProcess,
  runCommand,
  SUBJECTS,
  UNPRIVILEGED,
} from "../support/gateway-process.ts";
import { GatewaySocket } from "../support/gateway-socket.ts";
import { RawConnection, requestBytes } from "../support/raw-http.ts";
import { occupy } from "./ports.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

/** The highest port that needs a right to listen on; 0 where none does. */
function highestPrivilegedPort(): number {
  try {
    return Number(readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8")) - 1;
  } catch {
    return 1_023;
  }
}

async function start(command: readonly string[], args: readonly string[], config?: string): Promise<Ended> {
  const dir = await mkdtemp(join(tmpdir(), "zeroclaw-"));
  try {
    if (config !== undefined) await writeFile(join(dir, "config.toml"), config, { mode: 0o600 });
    return await runCommand(command, ["gateway", ...args], dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

describe.each(SUBJECTS)("Exit Codes (%s)", (_name, command) => {
  test("0 - stopped gracefully by SIGTERM", async () => {
    await using gateway = await GatewayProcess.start(command);
    expect(await gateway.stop()).toBe(0);
  });

  test("1 - port in use: names the process that has it, and suggests -p 0", async () => {
    await using occupant = await occupy();
    const { code, stdout, stderr } = await start(command, ["-p", String(occupant.port)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toStartWith(`Cannot listen on 127.0.0.1:${occupant.port}: the port is in use by `);
    expect(stderr).toContain(`(pid ${process.pid})`);
    expect(stderr).toContain("zeroclaw gateway -p 0");
  });

  test("1 - port in use by another gateway", async () => {
    await using other = await GatewayProcess.start(command);
    const { code, stderr } = await start(command, ["-p", String(other.port)]);
    expect(code).toBe(1);
    expect(stderr).toContain(`(pid ${other.pid})`);
  });

  test.skipIf(highestPrivilegedPort() < 1)("1 - permission denied for a port that needs more rights", async () => {
    const port = Math.min(80, highestPrivilegedPort());
    const { code, stdout, stderr } = await start([...UNPRIVILEGED, ...command], ["-p", String(port)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toStartWith(`Cannot listen on 127.0.0.1:${port}: permission denied.`);
    expect(stderr).toContain("zeroclaw gateway -p 8585");
  });

  test("1 - an address that this machine does not have", async () => {
    // 203.0.113.0/24 is for documentation (RFC 5737), so nobody has it.
    const { code, stdout, stderr } = await start(command, ["--host", "203.0.113.7", "-p", "0"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toStartWith("Cannot listen on 203.0.113.7:0: this machine has no such address.");
    expect(stderr).toContain("--host 127.0.0.1");
  });

  test("1 - a host name that means nothing", async () => {
    const { code, stderr } = await start(command, ["--host", "no-such-host.invalid", "-p", "0"]);
    expect(code).toBe(1);
    expect(stderr).toContain('"no-such-host.invalid" is no address and no host name that can be resolved');
  });

  test("1 - a second gateway on the same folder is told the first one's pid and port, and what to do", async () => {
    await using first = await GatewayProcess.start(command);
    const { code, stdout, stderr } = await first.command("gateway", "-p", "0");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(`(pid ${first.pid}, 127.0.0.1:${first.port})`);
    expect(stderr).toContain("ZEROCLAW_CONFIG_DIR");
    expect((await first.fetch("/health")).status).toBe(200);
  });

  test.each([
    [
      "an unknown key: its line and the nearest known one",
      '[gateway]\nhost = "127.0.0.1"\nprot = 8585\n',
      ["line 3", '"gateway.prot"', '"gateway.port"'],
    ],
    [
      "a value of the wrong type: what was found and what is allowed",
      '[gateway]\nport = "8585"\n',
      ["line 2", '"gateway.port"', "a whole number from 0 to 65535"],
    ],
    ["a value out of bounds", "[gateway.rate_limit]\nmax_requests_per_window = 0\n", ["line 2", "1 to 1000000"]],
    ["a file that is no TOML", "[gateway]\nport = = 1\n", ["line 2"]],
    ["two mistakes, both told", '[gateway]\nprot = 1\nhots = "x"\n', ["line 2", "line 3", "2 things are wrong"]],
  ])("2 - configuration error: %s", async (_what, config, told) => {
    const { code, stdout, stderr } = await start(command, ["-p", "0"], config);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toStartWith("Cannot read the configuration: ");
    for (const text of told) expect(stderr).toContain(text);
  });

  test("2 - configuration error from the environment: names the variable", async () => {
    const dir = await mkdtemp(join(tmpdir(), "zeroclaw-"));
    try {
      const ended = await runCommand(command, ["gateway", "-p", "0"], dir, {
        env: { ZEROCLAW_GATEWAY__PORT: "eighty" },
      });
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toContain("ZEROCLAW_GATEWAY__PORT");
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test.each([[["-p", "http"]], [["--prot", "1"]], [["--port"]], [["start"]]])(
    "2 - usage error: zeroclaw gateway %p",
    async (args) => {
      const { code, stdout, stderr } = await start(command, args);
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toContain("zeroclaw gateway --help");
    },
  );

  test("130 - interrupted by Ctrl+C, after the same graceful stop", async () => {
    await using gateway = await GatewayProcess.start(command);
    using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
    gateway.signal("SIGINT");
    expect(await gateway.ended()).toBe(130);
    expect(await socket.closed).toMatchObject({ code: 1001 });
    await using after = await gateway.again(); // nothing was left locked
    expect((await after.fetch("/health")).status).toBe(200);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 1],
  ] as const)("a second %s ends it at once, whatever is in flight, with %i", async (signal, code) => {
    await using gateway = await GatewayProcess.start(command);
    const token = await gateway.pair();
    await using slow = await RawConnection.open(gateway.port);
    const headers = { Authorization: `Bearer ${token}`, "Content-Length": "10" };
    slow.send(requestBytes(gateway.port, { method: "POST", path: "/webhook", headers }));
    slow.send("half"); // a request that stays in flight: the gateway would wait for the rest of it
    await gateway.fetch("/health"); // so the half has arrived as well
    gateway.signal(signal);
    await gateway.until(() => gateway.stderr.includes('"Stopping"'));
    gateway.signal(signal);
    expect(await gateway.ended()).toBe(code);
    expect(gateway.stderr).not.toContain('"Stopped"');
  });
});
