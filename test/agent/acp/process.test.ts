import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endLeftover, guardGroup } from "../../../src/agent/acp/orphans.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { Log } from "../../../src/observe/log.ts";
import { quiet } from "../../support/agent.ts";
import { Bench, errorOf, failure, isAlive, refusalOf, untilGone } from "./acp-bench.ts";

const PARENT = join(import.meta.dir, "../../fakes/acp-parent.ts");

describe("the agent's process", () => {
  test("gets the variables it needs, those that are named, and none of the gateway's; it works in a folder of its own", async () => {
    const env = { LC_ALL: "C", ANTHROPIC_API_KEY: "k", SECRET: "s", ZEROCLAW_AGENT__API_KEY: "z", XDG_DATA_HOME: "/x" };
    const named = { env: ["ANTHROPIC_API_KEY", "ZEROCLAW_AGENT__API_KEY", "MISSING", "ZEROCLAW_AGENT_OF"] };
    await using bench = new Bench({ env, config: named });
    const seen = JSON.parse(await bench.say(`world ${Object.keys(env).join(" ")} HOME ZEROCLAW_AGENT_OF`));
    expect(seen).toMatchObject({
      cwd: join(bench.dir, "workspace"),
      env: { LC_ALL: "C", ANTHROPIC_API_KEY: "k", SECRET: null, ZEROCLAW_AGENT__API_KEY: null, XDG_DATA_HOME: "/x" },
    });
    expect(seen.env.HOME).toBe("/home/nobody");
    expect(seen.env.ZEROCLAW_AGENT_OF).toBe(String(process.pid));
  });

  test("may write a banner to its stdout first", async () => {
    await using bench = new Bench({ fake: { banner: "Welcome!\n\n{not json}\n".repeat(1_000) } });
    expect(await bench.say("echo hello")).toBe("hello ");
  });

  test("is ended when it writes more than 64 KB that is no protocol", async () => {
    await using bench = new Bench({ fake: { banner: `${"#".repeat(1_000)}\n`.repeat(70) } });
    const words = "more than 64 KB to its stdout that is no Agent Client Protocol";
    expect(await refusalOf(bench.events("echo"))).toMatchObject({
      message: expect.stringContaining(words),
      code: "agent_unavailable",
      permanent: false,
      retryAfter: 1,
    });
    await untilGone(...bench.pids);
  });

  test("is ended when it sends a message longer than 4 MB", async () => {
    await using bench = new Bench();
    expect(await failure(bench.events("huge"))).toContain("a message longer than 4 MB");
    await untilGone(...bench.pids);
  });

  test("that speaks another version is ended, and what is wrong is told again without starting it", async () => {
    await using bench = new Bench({ fake: { version: 2 } });
    const words = "speaks version 2 of the Agent Client Protocol";
    for (let i = 0; i < 2; i += 1) expect(await failure(bench.events("echo"))).toContain(words);
    expect(await errorOf(bench.events("echo"))).toMatchObject({ permanent: true });
    expect(bench.pids).toHaveLength(1);
    await untilGone(...bench.pids);
  });

  test.each([
    ["initialize", 120],
    ["session/new", 60],
  ] as const)("that never answers %s is ended after %i s", async (mute, seconds) => {
    await using bench = new Bench({ fake: { mute } });
    const turn = bench.events("echo").catch((error: unknown) => error);
    while (bench.clock.timers === 0 || (mute === "session/new" && bench.agent.model !== "fake-agent"))
      await Bun.sleep(5);
    await quiet();
    bench.clock.advance(seconds * 1_000);
    expect(String(await turn)).toContain(`did not answer "${mute}" within ${seconds} s`);
    await untilGone(...bench.pids);
  });

  test("that hangs at one answer and opens no session for another is ended after 60 s, which fails both", async () => {
    await using bench = new Bench();
    const hanging = bench.run("freeze");
    await hanging.next();
    const other = refusalOf(bench.events("echo", { session_id: "other" }));
    while (bench.clock.timers === 0) await Bun.sleep(1);
    bench.clock.advance(60_000);
    const error = { message: expect.stringContaining("nor say anything else"), code: "agent_failed", permanent: false };
    expect(await other).toMatchObject(error);
    expect(await refusalOf(hanging.next())).toMatchObject(error);
    expect(await bench.elapse(bench.say("echo back"))).toBe("back ");
    expect(bench.pids).toHaveLength(2);
  });

  test("that still says something, or waits for a permission, is left alone though it opens no other session", async () => {
    await using bench = new Bench();
    const talking = bench.run("mutter");
    await talking.next();
    const other = failure(bench.events("echo", { session_id: "other" }));
    while (bench.clock.timers === 0) await Bun.sleep(1);
    for (let i = 0; i < 3; i += 1) await talking.next(); // what came before is told as one: the others came after
    bench.clock.advance(60_000);
    expect(await other).toContain('did not answer "session/new" within 60 s');
    expect((await talking.next()).value).toMatchObject({ type: "delta" });
    await using asking = new Bench();
    const turn = asking.run("permission allow_once muted");
    const { value: asked } = await turn.next();
    const third = failure(asking.events("echo", { session_id: "other" }));
    while (asking.clock.timers === 0) await Bun.sleep(1);
    asking.clock.advance(60_000);
    expect(await third).toContain('did not answer "session/new" within 60 s');
    if (asked?.type === "permission") asked.decide("allow");
    expect((await turn.next()).value).toMatchObject({ type: "delta" });
  });

  test("is ended with all its children, though they ignore SIGTERM and the end of stdin, after 2 s", async () => {
    await using bench = new Bench({ fake: { stubborn: true } });
    const pids: number[] = JSON.parse(await bench.say("family"));
    const hanging = bench.run("hang", { session_id: "other" });
    await hanging.next();
    const stopping = bench.agent.stop();
    expect(await errorOf(hanging.next())).toMatchObject({ code: "agent_unavailable" });
    await quiet();
    bench.clock.advance(1_999);
    for (const pid of pids) expect(await isAlive(pid)).toBe(true);
    await bench.elapse(stopping);
    await untilGone(...pids);
    expect(existsSync(join(bench.dir, "agent.pid"))).toBe(false);
    expect(await errorOf(bench.events("echo"))).toMatchObject({ code: "agent_unavailable" });
  });

  test("is not started by a stop", async () => {
    await using bench = new Bench();
    await bench.agent.stop();
    expect(bench.pids).toEqual([]);
  });
});

test("the SDK writes nothing to the console, whatever an agent sends", async () => {
  const dir = mkdtempSync(join(tmpdir(), "zeroclaw-console-"));
  const parent = Bun.spawn([process.execPath, PARENT, dir, "0", "odd"], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for await (const text of parent.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (said.includes("!")) break;
  }
  parent.kill("SIGKILL");
  expect(await parent.stderr.text()).toBe("");
  rmSync(dir, { recursive: true, force: true });
});

test.each(["pipe", "folder", "device", "link", "long"])(
  "an agent.pid that is no note of ours (%s) neither holds up a start nor is believed",
  async (kind) => {
    const dir = mkdtempSync(join(tmpdir(), "zeroclaw-note-"));
    const file = join(dir, "agent.pid");
    const make: Readonly<Record<string, () => unknown>> = {
      pipe: () => Bun.spawnSync(["mkfifo", file]),
      folder: () => mkdirSync(file),
      device: () => symlinkSync("/dev/zero", file),
      link: () => symlinkSync(join(dir, "elsewhere"), file),
      long: () => writeFileSync(file, " ".repeat(1_000_000)),
    };
    make[kind]?.();
    const lines: string[] = [];
    const log = new Log({ clock: systemClock, write: (line) => lines.push(line), format: "json", level: "warn" });
    try {
      guardGroup(process.pid, dir, log).release();
      if (!existsSync(file)) make[kind]?.();
      await endLeftover(dir, systemClock, log);
      expect(existsSync(join(dir, "elsewhere"))).toBe(false);
      expect(existsSync(file)).toBe(kind === "folder");
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
);

describe("a gateway that is killed", () => {
  interface Family {
    readonly dir: string;
    readonly parent: Bun.Subprocess<"ignore", "pipe", "inherit">;
    /** The agent, which ignores SIGTERM and the end of its stdin, and a child of its that does as well. */
    readonly pids: readonly number[];
  }

  async function family(graceMs: number): Promise<Family> {
    const dir = mkdtempSync(join(tmpdir(), "zeroclaw-orphan-"));
    const parent = Bun.spawn([process.execPath, PARENT, dir, String(graceMs)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of parent.stdout.pipeThrough(new TextDecoderStream())) {
      return { dir, parent, pids: JSON.parse(line) };
    }
    throw new Error("The parent ended without saying whose it is");
  }

  test("with SIGKILL leaves no agent behind", async () => {
    const { dir, parent, pids } = await family(50);
    try {
      for (const pid of pids) expect(await isAlive(pid)).toBe(true);
      parent.kill("SIGKILL");
      await parent.exited;
      await untilGone(...pids);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("together with the watcher leaves what the next start finds by its pid and start time, and ends", async () => {
    const { dir, parent, pids } = await family(60_000);
    const log = new Log({ clock: systemClock, write: () => {}, format: "json", level: "error" });
    try {
      process.kill(await watcherOf(pids[0] ?? 0), "SIGKILL");
      parent.kill("SIGKILL");
      await parent.exited;
      for (const pid of pids) expect(await isAlive(pid)).toBe(true);
      const file = join(dir, "agent.pid");
      const leader = await Bun.file(file).json();
      await Bun.write(file, JSON.stringify({ ...leader, start: `${leader.start}0` }));
      await using bench = new Bench();
      await bench.elapse(endLeftover(dir, bench.clock, log));
      for (const pid of pids) expect(await isAlive(pid)).toBe(true); // another process, for all the file says
      await Bun.write(file, JSON.stringify(leader));
      await bench.elapse(endLeftover(dir, bench.clock, log));
      await untilGone(...pids);
      expect(existsSync(file)).toBe(false);
    } finally {
      parent.kill("SIGKILL");
      if (await isAlive(pids[0] ?? 0)) process.kill(-(pids[0] ?? 0), "SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test.each(["", "null", "{", '{"pid":-1,"start":"1","boot":"x"}', '{"pid":1,"start":"1","boot":"x"}', '{"pid":"1"}'])(
    "that left nonsense in agent.pid does the next start no harm: %s",
    async (text) => {
      await using bench = new Bench();
      const file = join(bench.dir, "agent.pid");
      await Bun.write(file, text);
      const log = new Log({ clock: systemClock, write: () => {}, format: "json", level: "error" });
      await endLeftover(bench.dir, bench.clock, log);
      expect(existsSync(file)).toBe(false);
    },
  );
});

/** The process that watches over the group that `pid` leads. */
async function watcherOf(pid: number): Promise<number> {
  for (const name of readdirSync("/proc")) {
    // Processes come and go while they are looked through.
    const args = /^\d+$/.test(name) ? await readFile(join("/proc", name, "cmdline"), "utf8").catch(() => "") : "";
    if (args.includes(`\0zeroclaw-agent-watch\0${pid}\0`)) return Number(name);
  }
  throw new Error(`Nobody watches over ${pid}`);
}
