import { afterAll, beforeAll, expect, test } from "bun:test";
import { resolve } from "node:path";
import { VERSION } from "../../src/lib/version.ts";
import {
  type Ended,
  type LocalGateway,
  localGateway,
  program,
  run,
  startGatewayProcess,
  temporaryFolder,
} from "../support/cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});

afterAll(() => folder.remove());

function zeroclaw(line: string, stdin = ""): Promise<Ended> {
  return run(line === "" ? [] : line.split(" "), { env: { ZEROCLAW_CONFIG_DIR: folder.dir }, stdin });
}

test("the program prints its version", async () => {
  const { code, stdout, stderr } = await zeroclaw("--version");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toStartWith(`zeroclaw ${VERSION} (`);
});

test("the program alone prints its help and succeeds", async () => {
  const { code, stdout, stderr } = await zeroclaw("");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("Usage: zeroclaw <command> [options]");
});

test.each(["gateway -p 80a", "gateway --prot 1", "gatewya", "devices", "config get", "gateway extra"])(
  "the program ends with 2 after `%s`, with nothing on stdout",
  async (line) => {
    const { code, stdout, stderr } = await zeroclaw(line);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toStartWith("Cannot ");
  },
);

test("the program ends with 1 when a command needs a gateway and none runs", async () => {
  const { code, stdout, stderr } = await zeroclaw("devices list");
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("Start one: zeroclaw gateway");
});

test("the program reads and changes the configuration without a gateway", async () => {
  expect(await zeroclaw("config get gateway.host")).toEqual({ code: 0, stdout: "127.0.0.1\n", stderr: "" });
  expect((await zeroclaw("config set gateway.port 9090")).stdout).toBe("gateway.port: 8585 → 9090\n");
  expect((await zeroclaw("config get gateway.port")).stdout).toBe("9090\n");
});

test("the program sends what its stdin says and prints the answer", async () => {
  const answer = { type: "response", content: "Hello 🚀", run_id: "r", session_id: "s", message_id: "m", seq: 1 };
  const gateway = localGateway(
    folder.dir,
    () =>
      new Response(`event: response\ndata: ${JSON.stringify(answer)}\n\n`, {
        headers: { "Content-Type": "text/event-stream" },
      }),
  );
  try {
    expect(await zeroclaw("send", "from a pipe\n")).toEqual({ code: 0, stdout: "Hello 🚀\n", stderr: "" });
    expect(gateway.requests.map(({ body }) => JSON.parse(body).message)).toEqual(["from a pipe"]);
  } finally {
    await gateway.stop();
  }
});

/** A gateway with more events than a pipe holds, and when it has given the last of them. */
function busyGateway(): LocalGateway & { readonly asked: Promise<void> } {
  const asked = Promise.withResolvers<void>();
  const events = Array.from({ length: 5_000 }, (_, i) => ({ event_id: String(i), error: "x".repeat(40) }));
  const gateway = localGateway(folder.dir, (_request, url) => {
    const after = Number(url.searchParams.get("after") ?? 0);
    const limit = Number(url.searchParams.get("limit"));
    const last = after + limit >= events.length;
    if (last) asked.resolve();
    return Response.json({ events: events.slice(after, after + limit), next: last ? null : String(after + limit) });
  });
  return { ...gateway, asked: asked.promise };
}

const LONG = [...program(), "events", "list", "-n", "5000", "--json"];

test("the program ends quietly when its reader has seen enough", async () => {
  const gateway = busyGateway();
  try {
    const shell = Bun.spawn(["bash", "-c", '"$@" | head -c 10; echo "; $PIPESTATUS"', "-", ...LONG], {
      env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ZEROCLAW_CONFIG_DIR: folder.dir },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([shell.stdout.text(), shell.stderr.text()]);
    expect([stdout, stderr]).toEqual(['{"events":; 0\n', ""]);
  } finally {
    await gateway.stop();
  }
});

test("the program writes all of a long output to a pipe that is read late", async () => {
  const gateway = busyGateway();
  try {
    const child = Bun.spawn(LONG, {
      env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ZEROCLAW_CONFIG_DIR: folder.dir },
      stdout: "pipe",
    });
    await gateway.asked;
    expect(JSON.parse(await child.stdout.text()).events).toHaveLength(5_000);
    expect(await child.exited).toBe(0);
  } finally {
    await gateway.stop();
  }
});

test.each([
  ["SIGTERM", 0],
  ["SIGINT", 130],
  ["SIGHUP", 0],
] as const)("the program serves until %s and then ends with %i", async (signal, code) => {
  const gateway = await startGatewayProcess(folder.dir);
  try {
    expect((await fetch(`http://127.0.0.1:${gateway.port}/health`)).status).toBe(200);
  } finally {
    gateway.signal(signal);
  }
  const ended = await gateway.ended;
  expect([ended.code, ended.stdout]).toEqual([code, gateway.banner]);
});

test("the program's commands reach the gateway that it runs", async () => {
  const gateway = await startGatewayProcess(folder.dir);
  try {
    expect((await zeroclaw("gateway get-paircode")).stdout).toContain(gateway.code);
    expect(JSON.parse((await zeroclaw("status --json")).stdout)).toMatchObject({ running: true, pid: gateway.pid });
    expect((await zeroclaw("send --stream hello")).code).toBe(0);
    const second = await zeroclaw("gateway -p 0");
    expect([second.code, second.stdout]).toEqual([1, ""]);
    expect(second.stderr).toContain(`pid ${gateway.pid}`);
  } finally {
    gateway.signal("SIGTERM");
    await gateway.ended;
  }
});

/** Runs main.ts with the arguments in ARGV, and prints which modules that has loaded. */
const LOADED = `
  const { writeSync } = require("node:fs");
  process.exit = () => { writeSync(1, "\\n" + Object.keys(require.cache).join("\\n")); process.reallyExit(0); };
  process.argv = ["bun", "main.ts", ...process.env.ARGV.split(" ")];
  await import("./src/main.ts");
`;

test.each(["--version", "help gateway", "gateway -p 80a", "devices list"])(
  "`%s` loads neither the server nor the store nor arktype",
  (line) => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ARGV: line };
    const cwd = resolve(import.meta.dir, "../..");
    const loaded = Bun.spawnSync([process.execPath, "-e", LOADED], { cwd, env }).stdout.toString();
    expect(loaded).toContain("/src/cli/program.ts");
    expect(loaded).not.toMatch(/\/src\/(store|gateway|api|ws|agent)\/|arktype/);
  },
);
