import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { buildBinary, GatewayProcess, SUBJECTS } from "../support/gateway-process.ts";
import { transcript } from "./page.ts";
import { startOnPort } from "./ports.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

const PLAIN = transcript("$ zeroclaw gateway", "With New Pairing");
const NEW_PAIRING = transcript("$ zeroclaw gateway --new-pairing", "Random Port");
const RANDOM_PORT = transcript("$ zeroclaw gateway -p 0", "Gateway Features");

/** The page's transcript with another port and any code; everything else as it stands there. */
function likePage(text: string, port: number): RegExp {
  const codes = /[A-Z]{4}-\d{4}-[A-Z]{4}/g;
  const pattern = text.replaceAll(/8585|54321/g, String(port)).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${pattern.replaceAll(codes, "[A-Z]{4}-[0-9]{4}-[A-Z]{4}")}$`);
}

describe.each(SUBJECTS)("Terminal Output (%s)", (_name, command) => {
  test("zeroclaw gateway prints the page's lines to the character, and nothing else to stdout until it has ended", async () => {
    const { gateway, port } = await startOnPort(command, (free) => ({
      args: [],
      config: `[gateway]\nport = ${free}\n`,
    }));
    await using _ = gateway;
    expect(gateway.stdout).toMatch(likePage(PLAIN, port));
    await gateway.pair();
    await gateway.stop();
    expect(gateway.stdout).toMatch(likePage(PLAIN, port));
  });

  test("zeroclaw gateway --new-pairing prints the page's lines to the character", async () => {
    const { gateway, port } = await startOnPort(command, (free) => ({
      args: ["--new-pairing"],
      config: `[gateway]\nport = ${free}\n`,
    }));
    await using _ = gateway;
    await gateway.stop();
    expect(gateway.stdout).toMatch(likePage(NEW_PAIRING, port));
  });

  test("zeroclaw gateway -p 0 prints the page's lines to the character", async () => {
    await using gateway = await GatewayProcess.start(command, { args: ["-p", "0"] });
    await gateway.stop();
    expect(gateway.stdout).toMatch(likePage(RANDOM_PORT, gateway.port));
  });

  test("the lines of the start are the same on a terminal", async () => {
    await using gateway = await GatewayProcess.start(command);
    const { dir, port } = gateway;
    await gateway.stop();
    let shown = "";
    const decoder = new TextDecoder();
    const child = Bun.spawn([...command, "gateway", "-p", "0"], {
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: dir,
        ZEROCLAW_CONFIG_DIR: dir,
        ZEROCLAW_LOG: "error",
        TERM: "xterm",
      },
      cwd: dir,
      terminal: { cols: 120, rows: 40, data: (_terminal, bytes) => (shown += decoder.decode(bytes, { stream: true })) },
    });
    try {
      while (!/Pairing Code: \S+\r\n/.test(shown) && child.exitCode === null) await Bun.sleep(5); // its output is the only sign
    } finally {
      child.kill("SIGTERM");
      await child.exited;
      child.terminal?.close();
    }
    const [, ownPort = String(port)] = /started on port: (\d+)/.exec(shown) ?? [];
    expect(shown.replaceAll("\r\n", "\n")).toMatch(likePage(RANDOM_PORT, Number(ownPort)));
  });

  test("the address and the WebSocket address that are printed are where it answers", async () => {
    await using gateway = await GatewayProcess.start(command);
    const [, http = ""] = / {2}HTTP: {2}(\S+)\n/.exec(gateway.stdout) ?? [];
    const [, websocket = ""] = / {2}WebSocket: (\S+)\n/.exec(gateway.stdout) ?? [];
    expect((await fetch(`${http}/health`)).status).toBe(200);
    const socket = new WebSocket(websocket);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    socket.close();
  });

  test("what is logged goes to stderr, line by line as JSON, and no line of the start is there", async () => {
    await using gateway = await GatewayProcess.start(command);
    await gateway.pair();
    await gateway.stop();
    const lines = gateway.stderr.trimEnd().split("\n");
    expect(lines.map((line) => typeof JSON.parse(line).message)).toEqual(lines.map(() => "string"));
    expect(gateway.stderr).not.toMatch(/🚀|🔐|📡|✓/);
    expect(gateway.stderr).not.toContain(gateway.code);
  });
});
