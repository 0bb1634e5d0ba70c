import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildBinary, GatewayProcess, runCommand, SUBJECTS } from "../support/gateway-process.ts";
import { commandsBetween } from "./page.ts";
import { occupy, startOnPort } from "./ports.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

const SHOWN = new Set([
  ...commandsBetween("Basic Usage", "Command Syntax"),
  ...commandsBetween("Examples", "Terminal Output"),
  ...commandsBetween("Pairing Token Management", "Troubleshooting"),
  ...commandsBetween("Port Already in Use", "Exit Codes"),
]);
const STARTS = [...SHOWN].filter((line) => line.startsWith("zeroclaw gateway") && !line.endsWith("-p 0"));

/** Where the page's command is to listen; what it does not say is the default. */
function addressOf(line: string): { readonly host: string; readonly port: number } {
  const host = /--host (\S+)/.exec(line)?.[1] ?? "127.0.0.1";
  return { host, port: Number(/-p (\d+)/.exec(line)?.[1] ?? 8585) };
}

describe.each(SUBJECTS)("Basic Usage and Examples (%s)", (_name, command) => {
  // The port is held by somebody else, so that nothing of ours ever listens on a fixed one: the refusal names the address.
  test.each(STARTS)("the page's command goes where it says: %s", async (line) => {
    const { host, port } = addressOf(line);
    await using _ = await occupy(port);
    const dir = await mkdtemp(join(tmpdir(), "zeroclaw-"));
    try {
      const ended = await runCommand([...command], line.split(" ").slice(1), dir);
      expect(ended.stderr).toStartWith(`Cannot listen on ${host}:${port}: `);
      expect(ended).toMatchObject({ code: 1, stdout: "" });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test("zeroclaw gateway starts with the configuration's address when nothing is said", async () => {
    const { gateway, port } = await startOnPort(command, (free) => ({
      args: [],
      config: `[gateway]\nhost = "127.0.0.2"\nport = ${free}\n`,
    }));
    await using _ = gateway;
    expect((await fetch(`http://127.0.0.2:${port}/health`)).status).toBe(200);
  });

  test("zeroclaw gateway -p starts on that port", async () => {
    const { gateway, port } = await startOnPort(command, (free) => ({ args: ["-p", String(free)] }));
    await using _ = gateway;
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });

  test("zeroclaw gateway -p 0 takes a port that is free, another one for each gateway", async () => {
    await using first = await GatewayProcess.start(command, { args: ["-p", "0"] });
    await using second = await GatewayProcess.start(command, { args: ["-p", "0"] });
    expect(first.port).not.toBe(second.port);
    for (const { url } of [first, second]) expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test("zeroclaw gateway --host 0.0.0.0 accepts connections on every address, and warns on stderr what that exposes", async () => {
    await using gateway = await GatewayProcess.start(command, { args: ["--host", "0.0.0.0", "-p", "0"] });
    for (const host of ["127.0.0.1", "127.0.0.2"]) {
      expect((await fetch(`http://${host}:${gateway.port}/health`)).status).toBe(200);
    }
    await gateway.until(() => gateway.stderr.includes("Listening on 0.0.0.0"));
    expect(gateway.stderr).toMatch(/everyone who can reach this machine.*reverse proxy/);
  });

  test("zeroclaw gateway --host with one address of this machine binds to that one alone", async () => {
    await using gateway = await GatewayProcess.start(command, { args: ["--host", "127.0.0.2", "-p", "0"] });
    expect((await fetch(`http://127.0.0.2:${gateway.port}/health`)).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${gateway.port}/health`)).rejects.toThrow();
  });

  test("zeroclaw gateway takes options, and names the nearest one for a misspelt one", async () => {
    const dir = await mkdtemp(join(tmpdir(), "zeroclaw-"));
    try {
      const ended = await runCommand(command, ["gateway", "--new-paring"], dir);
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toContain('Did you mean "--new-pairing"?');
      await expect(readFile(join(dir, "config.toml"))).rejects.toThrow(); // a mistyped start leaves nothing behind
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
