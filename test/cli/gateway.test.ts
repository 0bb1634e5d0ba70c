import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArguments } from "../../src/cli/args.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { gateway, type Start } from "../../src/cli/gateway.ts";
import type { GatewayOptions } from "../../src/gateway/gateway.ts";
import { localScene, ManualEvents, MemoryOutput, surroundings } from "../support/cli.ts";

const scene = localScene();

/** `zeroclaw gateway` with a server that is not there, and what it was started with. */
function start(
  argv: readonly string[],
  options: { env?: Record<string, string>; serve?: Start; closed?: boolean } = {},
) {
  const events = new ManualEvents();
  const out = new MemoryOutput();
  const err = new MemoryOutput();
  out.closed = options.closed ?? false;
  const started = Promise.withResolvers<GatewayOptions>();
  const stopped: number[] = [];
  const serve: Start = async (given) => {
    started.resolve(given);
    const { host, port } = given.loaded.config.gateway;
    return {
      host,
      port: port === 0 ? 54_321 : port,
      code: "WXYZ-1234-ABCD",
      warnings: ["Anybody can reach this port."],
      stop: async (deadlineMs) => void stopped.push(deadlineMs),
    };
  };
  const command = COMMANDS.find(({ path }) => path.join(" ") === "gateway");
  if (!command) throw new Error("There is no gateway command");
  const around = surroundings({ dir: scene.dir, events, ...(options.env ? { env: options.env } : {}) }, out, err);
  const code = gateway({ ...around, args: parseArguments(command, argv) }, options.serve ?? serve);
  return { events, out, err, code, started: started.promise, stopped };
}

test("`gateway` makes the first configuration, prints the page's lines alone on stdout, and warnings on stderr", async () => {
  const { events, out, err, code, stopped } = start([]);
  await err.shows("Anybody can reach this port.");
  expect(out.text).toStartWith("🚀 Starting ZeroClaw Gateway on 127.0.0.1:8585\n");
  expect(out.text).toEndWith("\n📡 Listening for webhook events...\n");
  expect(err.text).not.toContain("🚀");
  expect(await Bun.file(join(scene.dir, "config.toml")).text()).toContain("[gateway]");
  events.signal("SIGTERM");
  expect([await code, stopped]).toEqual([0, [8_000]]);
});

test("`gateway -p --host --new-pairing` overrides the file for this start, and takes a random port for one", async () => {
  const { events, out, code, started } = start(["-p0", "--host", "::1", "--new-pairing"]);
  const { loaded, newPairing, dir } = await started;
  expect([loaded.config.gateway.host, loaded.config.gateway.port, newPairing, dir]).toEqual([
    "::1",
    0,
    true,
    scene.dir,
  ]);
  await out.shows("New Pairing Code");
  expect(out.text).toContain("on [::1] (random port)\n\n✓ Gateway server started on port: 54321\n");
  events.signal("SIGINT");
  expect(await code).toBe(130);
});

test("`gateway` shows the random port of a configuration that has port 0", async () => {
  const { events, out, code } = start([], { env: { ZEROCLAW_GATEWAY__PORT: "0" } });
  await out.shows("(random port)");
  events.signal("SIGTERM");
  expect(await code).toBe(0);
});

test("`gateway` serves although nobody reads its stdout, and says where the code is", async () => {
  const { events, err, code } = start([], { closed: true });
  await err.shows("Anybody can reach this port.");
  expect(err.text).toContain("zeroclaw gateway get-paircode has the code");
  events.signal("SIGTERM");
  expect(await code).toBe(0);
});

test("a signal while `gateway` starts stops it as soon as it runs", async () => {
  const running = Promise.withResolvers<void>();
  const { events, code } = start([], {
    serve: async () => {
      await running.promise;
      return {
        host: "127.0.0.1",
        port: 1,
        code: "WXYZ-1234-ABCD",
        warnings: [],
        stop: () => Promise.resolve(),
      };
    },
  });
  events.signal("SIGTERM");
  running.resolve();
  expect(await code).toBe(0);
});

test.each([
  ["SIGTERM", "SIGTERM", 1],
  ["SIGTERM", "SIGINT", 130],
  ["SIGINT", "SIGINT", 130],
] as const)("a %s and then a %s end a `gateway` that hangs at once, with %i", async (first, second, expected) => {
  const { events, code } = start([], { serve: () => new Promise(() => {}) });
  events.signal(first);
  events.signal(second);
  expect(await code).toBe(expected);
});

test("`gateway` logs errors that no code caught, and goes on", async () => {
  const { events, err, code } = start([]);
  await err.shows("Anybody can reach this port.");
  events.fault(new Error("a timer broke"));
  const line = JSON.parse(err.text.trimEnd().split("\n").at(-1) ?? "");
  expect(line).toMatchObject({
    level: "error",
    message: "Unexpected error; the gateway goes on",
    error: "a timer broke",
  });
  events.signal("SIGTERM");
  expect(await code).toBe(0);
});

test("`gateway` leaves no listeners behind", async () => {
  const { events, code } = start([]);
  events.signal("SIGTERM");
  await code;
  expect(events.listeners("SIGTERM")).toBe(0);
});

test.each([
  ["error", false],
  ["WARN", true],
  ["", true],
])("`gateway` with ZEROCLAW_LOG=%s logs warnings: %p", async (level, shown) => {
  const { events, out, err, code } = start([], { env: { ZEROCLAW_LOG: level } });
  await out.shows("📡");
  events.signal("SIGTERM");
  await code;
  expect(err.text.includes("Anybody can reach this port.")).toBe(shown);
});

test("`gateway` with an unknown ZEROCLAW_LOG is a usage error", async () => {
  const { code, stdout, stderr } = await scene.zeroclaw("gateway", { env: { ZEROCLAW_LOG: "wran" } });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain('ZEROCLAW_LOG is "wran", but it must be debug, info, warn or error. Did you mean "warn"?');
});

test("`gateway` that a gateway runs as its agent is a usage error that starts nothing", async () => {
  const { code, stdout, stderr } = await scene.zeroclaw("gateway -p 0", { env: { ZEROCLAW_AGENT_OF: "4711" } });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain('ZEROCLAW_AGENT_OF is "4711", so the gateway with that pid runs this as its agent.');
  expect(stderr).toContain("agent.command leads back to this program itself");
  expect(await Bun.file(join(scene.dir, "config.toml")).exists()).toBe(false);
});

test.each([["-p 80a"], ["-p 65536"], ["--port="], ["--host="], ["--prot 1"], ["-p"], ["extra"]])(
  "`gateway %s` is a usage error that starts nothing",
  async (options) => {
    const { code, stdout, stderr } = await scene.zeroclaw(`gateway ${options}`);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^Cannot (start|run) .*\n.*--help\n$/s);
    expect(await Bun.file(join(scene.dir, "config.toml")).exists()).toBe(false);
  },
);

test("`gateway` with a broken configuration ends with 2 and names the line", async () => {
  await mkdir(scene.dir, { recursive: true });
  await writeFile(join(scene.dir, "config.toml"), '[gateway]\nhost = "127.0.0.1"\nprot = 1\n');
  const { code, stdout, stderr } = await scene.zeroclaw("gateway");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("line 3");
  expect(stderr).toContain("gateway.port");
});
