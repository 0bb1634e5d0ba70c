import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AgentMisconfigured } from "../../src/agent/agents.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { readRunningFile } from "../../src/gateway/running-file.ts";
import { StartError } from "../../src/gateway/start-error.ts";
import { ManualClock } from "../support/clock.ts";
import { UNLIMITED } from "../support/services.ts";
import { folder, Started, type StartedOptions } from "./started.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const dir of folders.splice(0)) await rm(dir, { recursive: true, force: true });
});

async function ownFolder(config?: string): Promise<string> {
  const dir = await folder(config);
  folders.push(dir);
  return dir;
}

/** The error of a start that must fail, with all its timers gone. */
async function failure(options: StartedOptions): Promise<Error> {
  const clock = options.clock ?? new ManualClock();
  let started: Started;
  try {
    started = await Started.start({ ...options, clock });
  } catch (error) {
    expect(clock.timers).toBe(0);
    if (error instanceof Error) return error;
    throw error;
  }
  await started[Symbol.asyncDispose]();
  throw new Error("The gateway started, though it must not");
}

/** A port that somebody else listens on. */
function taken() {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("not the gateway") });
  return { port: server.port ?? 0, [Symbol.asyncDispose]: () => server.stop(true) };
}

describe("startGateway", () => {
  test("answers on its port and on its socket, with the code that it returns", async () => {
    await using started = await Started.start();
    const { gateway, dir } = started;
    expect(gateway).toMatchObject({ host: "127.0.0.1", warnings: [] });
    expect(gateway.code).toMatch(/^[A-Z]{4}-\d{4}-[A-Z]{4}$/);
    expect((await started.client().get("/health")).status).toBe(200);
    const socket = join(dir, "gateway.sock");
    const shown = await fetch("http://localhost/local/paircode", { unix: socket });
    expect(await shown.json()).toMatchObject({ code: gateway.code });
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect((await started.client().get("/local/paircode")).status).toBe(404);
    expect(readRunningFile(join(dir, "gateway.json"))).toMatchObject({ pid: process.pid, port: gateway.port });
    expect((await started.owner()).token).toStartWith("zc_");
  });

  test("on a port that is taken fails, and has changed nothing: no token cleared, no lock, no socket, no timer", async () => {
    const dir = await ownFolder();
    const before = await Started.start({ dir });
    const { token } = await before.owner();
    await before.stop();
    const config = await readFile(join(dir, "config.toml"), "utf8");
    await using other = taken();
    const error = await failure({ dir, port: other.port, newPairing: true });
    expect(error).toBeInstanceOf(StartError);
    expect(error.message).toContain(`(pid ${process.pid})`);
    expect(await readFile(join(dir, "config.toml"), "utf8")).toBe(config);
    expect([existsSync(join(dir, "gateway.sock")), existsSync(join(dir, "gateway.json"))]).toEqual([false, false]);
    await using again = await Started.start({ dir });
    expect((await again.client(token).get("/api/devices")).status).toBe(200);
  });

  test("on a folder that has one is refused with the other's pid and port, and does not disturb it", async () => {
    await using first = await Started.start();
    const owner = await first.owner();
    const error = await failure({ dir: first.dir, newPairing: true });
    expect(error).toBeInstanceOf(StartError);
    expect(error.message).toContain(`another gateway (pid ${process.pid}, 127.0.0.1:${first.gateway.port})`);
    expect(error.message).toContain("ZEROCLAW_CONFIG_DIR");
    expect((await owner.get("/api/devices")).status).toBe(200);
    expect(readRunningFile(join(first.dir, "gateway.json"))?.port).toBe(first.gateway.port);
    expect((await fetch("http://localhost/health", { unix: join(first.dir, "gateway.sock") })).status).toBe(200);
  });

  test("with --new-pairing clears tokens and lockouts, and makes a fresh code", async () => {
    const dir = await ownFolder();
    const before = await Started.start({ dir });
    const { token } = await before.owner();
    for (let i = 0; i < 6; i += 1) await before.client().post("/pair", { code: "AAAA-0000-AAAA" });
    await before.stop();
    await using next = await Started.start({ dir, newPairing: true });
    expect((await next.client(token).get("/api/status")).status).toBe(401);
    const owner = await next.owner();
    expect((await owner.get("/api/devices")).rows("devices")).toHaveLength(1);
  });

  test.each([
    [
      "a damaged database",
      UNLIMITED,
      async (dir: string) => writeFile(join(dir, "state.db"), "x".repeat(4_096)),
      StartError,
    ],
    [
      "a folder in the place of its database",
      UNLIMITED,
      async (dir: string) => mkdir(join(dir, "state.db")),
      StartError,
    ],
    ["a store that this version has not", '[store]\nurl = "postgres://u@h/db"\n', async () => undefined, ConfigError],
    ["an agent whose settings are incomplete", '[agent]\nkind = "model"\n', async () => undefined, AgentMisconfigured],
    [
      "a folder in the place of its lock",
      UNLIMITED,
      async (dir: string) => mkdir(join(dir, "gateway.lock")),
      StartError,
    ],
  ])("with %s fails with what was found, and leaves the folder free", async (_what, config, prepare, kind) => {
    const dir = await ownFolder(config);
    await prepare(dir);
    const error = await failure({ dir, agent: null });
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(/^Cannot /);
    expect(existsSync(join(dir, "gateway.json"))).toBe(false);
    for (const name of ["state.db", "gateway.lock"]) await rm(join(dir, name), { recursive: true, force: true });
    await using next = await Started.start({ dir, config: UNLIMITED });
    expect((await next.client().get("/health")).status).toBe(200);
  });

  test("does not show the password of a store that it cannot open", async () => {
    const dir = await ownFolder('[store]\nurl = "postgres://user@db.example/zeroclaw?password=planted"\n');
    expect((await failure({ dir })).message).not.toContain("planted");
  });

  test("starts without its socket when that cannot be made, and says so", async () => {
    const dir = await ownFolder();
    await mkdir(join(dir, "gateway.sock", "inner"), { recursive: true });
    await using started = await Started.start({ dir });
    expect(started.gateway.warnings.join()).toContain("No Unix socket");
    expect((await started.client().get("/health")).status).toBe(200);
  });
});

describe("RunningGateway.stop", () => {
  test("of an idle gateway leaves nothing: no port, no socket, no lock, no timer, no running file", async () => {
    const dir = await ownFolder();
    const started = await Started.start({ dir });
    const owner = await started.owner();
    await owner.get("/api/devices");
    await started.stop();
    await expect(fetch(started.url)).rejects.toThrow();
    expect(existsSync(join(dir, "gateway.json"))).toBe(false);
    started.clock.advance(60_000);
    expect(started.clock.timers).toBe(0);
    await using next = await Started.start({ dir, clock: started.clock });
    const devices = (await next.client(owner.token).get("/api/devices")).rows("devices");
    expect(devices).toMatchObject([{ last_seen_at: expect.any(String) }]);
  });
});
