import { describe, expect, test } from "bun:test";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { GatewaySocket } from "../support/gateway-socket.ts";
import { cliConfigConformance } from "./cli-config.ts";
import { inFolder } from "./folder.ts";

/** Every command with the words that it needs at least. */
const COMMANDS: readonly (readonly string[])[] = [
  ["gateway"],
  ["gateway", "get-paircode"],
  ["status"],
  ["send"],
  ["chat"],
  ["events", "list"],
  ["events", "show"],
  ["events", "tail"],
  ["devices", "list"],
  ["devices", "revoke"],
  ["devices", "rename"],
  ["config", "get"],
  ["config", "set"],
  ["config", "unset"],
  ["config", "list"],
  ["config", "path"],
  ["config", "check"],
];

/** Commands that speak to the running gateway. */
const REMOTE: readonly (readonly string[])[] = [
  ["gateway", "get-paircode"],
  ["status"],
  ["send", "Hello"],
  ["chat"],
  ["events", "list"],
  ["events", "show", "01980000"],
  ["events", "tail"],
  ["devices", "list"],
  ["devices", "revoke", "01980000"],
  ["devices", "rename", "01980000", "x"],
];

/** The contract's command line. `command` is the program. */
export function cliConformance(command: readonly string[]): void {
  describe("commands", () => {
    help(command);
    folders(command);
    running(command);
    talking(command);
    events(command);
    terminals(command);
    cliConfigConformance(command);
  });
}

function help(command: readonly string[]): void {
  test("--version, and --help of the program and of every command, go to stdout with exit code 0", async () => {
    await inFolder(command, async ({ run }) => {
      expect(await run("--version")).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^zeroclaw \d+\.\d+\.\d+/),
        stderr: "",
      });
      const all = await run("--help");
      expect({ code: all.code, stderr: all.stderr }).toEqual({ code: 0, stderr: "" });
      for (const words of COMMANDS) {
        expect(all.stdout).toContain(words.join(" "));
        const { code, stdout, stderr } = await run(...words, "--help");
        expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: "" });
        expect(stdout).toContain(`zeroclaw ${words.join(" ")}`);
      }
    });
  });

  test("a command or option that there is not: exit code 2, the nearest one on stderr, nothing on stdout", async () => {
    await inFolder(command, async ({ run }) => {
      const cases: readonly (readonly [readonly string[], string])[] = [
        [["gatway"], "gateway"],
        [["devices", "lst"], "devices list"],
        [["gateway", "get-paircod"], "get-paircode"],
        [["config", "get", "gateway.prot"], "gateway.port"],
        [["events", "list", "--stat", "done"], "--state"],
        [["events", "list", "--state", "don"], "done"],
      ];
      for (const [words, meant] of cases) {
        const { code, stdout, stderr } = await run(...words);
        expect({ words, code, stdout }).toEqual({ words, code: 2, stdout: "" });
        expect(stderr).toContain(meant);
      }
    });
  });

  test("a command that needs a running gateway says so with exit code 1, and how to start one", async () => {
    await inFolder(command, async ({ dir, run }) => {
      for (const words of REMOTE) {
        const { code, stdout, stderr } = await run(...words);
        expect({ words, code, stdout }).toEqual({ words, code: 1, stdout: "" });
        expect(stderr).toContain(dir);
        expect(stderr).toContain("zeroclaw gateway");
      }
    });
  });
}

function folders(command: readonly string[]): void {
  test("what the gateway keeps is for its user alone", async () => {
    await using gateway = await GatewayProcess.start(command);
    await gateway.pair();
    for (const name of ["config.toml", "state.db", "gateway.sock", "gateway.json"]) {
      const { mode } = await stat(join(gateway.dir, name));
      expect({ name, mode: (mode & 0o777).toString(8) }).toEqual({ name, mode: "600" });
    }
  });

  test("a folder whose path is too long for a socket: it starts anyway, and says what does not work", async () => {
    await inFolder(command, async ({ dir }) => {
      const long = join(dir, "x".repeat(120));
      await using gateway = await GatewayProcess.start(command, { dir, env: { ZEROCLAW_CONFIG_DIR: long } });
      await gateway.until(() => gateway.stderr.includes("No Unix socket"));
      expect((await gateway.client().post("/pair", { code: gateway.code })).status).toBe(200);
      const { code, stderr } = await gateway.run(["status"], { env: { ZEROCLAW_CONFIG_DIR: long } });
      expect(code).toBe(1);
      expect(stderr).toContain("too long");
    });
  });
}

function running(command: readonly string[]): void {
  test("get-paircode shows the code that was printed, then says that it was used; --new makes one for what is asked", async () => {
    await using gateway = await GatewayProcess.start(command);
    expect((await gateway.command("gateway", "get-paircode")).stdout).toContain(`🔐 Pairing Code: ${gateway.code}\n`);
    await gateway.pair();
    const used = await gateway.command("gateway", "get-paircode");
    expect(used).toMatchObject({ code: 1, stdout: "" });
    expect(used.stderr).toContain("get-paircode --new");
    const made = await gateway.command(
      "gateway",
      "get-paircode",
      "--new",
      "--scope",
      "chat",
      "--name",
      "phone",
      "--json",
    );
    const { code, expires_at } = JSON.parse(made.stdout);
    expect(Date.parse(expires_at)).toBeGreaterThan(0);
    const paired = await gateway.client().post("/pair", { code });
    expect(paired.json).toMatchObject({ scope: "chat" });
    expect((await gateway.command("devices", "list")).stdout).toMatch(/phone +chat/);
  });

  test("status says how the gateway is, to people and to programs", async () => {
    await using gateway = await GatewayProcess.start(command);
    const people = await gateway.command("status");
    expect(people).toMatchObject({ code: 0, stderr: "" });
    expect(people.stdout).toMatch(new RegExp(`^status +running$[^]*^address +${gateway.url}$`, "m"));
    const programs = JSON.parse((await gateway.command("status", "--json")).stdout);
    expect(programs).toMatchObject({
      running: true,
      reachable: true,
      pid: gateway.pid,
      port: gateway.port,
      status: "ok",
    });
  });

  test("devices are listed, renamed and revoked by the beginning of their id; a revoked one's socket closes with 4403", async () => {
    await using gateway = await GatewayProcess.start(command);
    using socket = await GatewaySocket.authenticated(gateway.url, await gateway.pair());
    const { devices } = JSON.parse((await gateway.command("devices", "list", "--json")).stdout);
    const start = devices[0].device_id.slice(0, 8);
    expect(await gateway.command("devices", "rename", start, "my laptop")).toMatchObject({ code: 0, stderr: "" });
    expect((await gateway.command("devices", "list")).stdout).toMatch(new RegExp(`^${start} +my laptop +owner `, "m"));
    expect((await gateway.command("devices", "revoke", "ffffffff")).code).toBe(1);
    expect(await gateway.command("devices", "revoke", start)).toMatchObject({ code: 0, stderr: "" });
    expect(await socket.closed).toMatchObject({ code: 4403 });
    expect((await gateway.command("devices", "list", "--json")).stdout).toBe('{"devices":[]}\n');
  });
}

function talking(command: readonly string[]): void {
  test("send prints the answer and nothing else; with --stream the same; with --json all of it", async () => {
    await using gateway = await GatewayProcess.start(command);
    const plain = await gateway.command("send", "Who", "are", "you?");
    expect({ code: plain.code, stderr: plain.stderr }).toEqual({ code: 0, stderr: "" });
    expect(plain.stdout).toMatch(/operator.*\n$/);
    expect((await gateway.command("send", "--stream", "Who are you?")).stdout).toBe(plain.stdout);
    const json = JSON.parse((await gateway.command("send", "--json", "--session", "desk", "Who are you?")).stdout);
    expect(json).toMatchObject({ response: plain.stdout.trimEnd(), session_id: "desk", model: "operator" });
  });

  test("send takes the message from stdin, and refuses an empty one with exit code 2", async () => {
    await using gateway = await GatewayProcess.start(command);
    const piped = await gateway.run(["send"], { stdin: "Who are you?\n" });
    expect(piped.stdout).toMatch(/operator/);
    expect((await gateway.run(["send", "-"], { stdin: "Who are you?" })).stdout).toBe(piped.stdout);
    expect((await gateway.run(["send"], { stdin: "" })).code).toBe(2);
    expect((await gateway.run(["send", "--session", "a b", "Hello"])).code).toBe(2);
  });

  test("chat takes each line of a pipe as one message of one conversation", async () => {
    await using gateway = await GatewayProcess.start(command);
    const { code, stdout } = await gateway.run(["chat", "--session", "desk"], {
      stdin: "/note the pump is loud\n\n/notes",
    });
    expect(code).toBe(0);
    expect(stdout).toContain("the pump is loud");
    const owner = await gateway.owner();
    expect((await owner.get("/api/sessions/desk")).rows("messages")).toHaveLength(4);
  });
}

function events(command: readonly string[]): void {
  test("events are listed with filters, and shown whole by the beginning of their id", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const ids: string[] = [];
    for (const type of ["deploy", "backup", "alarm"])
      ids.push((await owner.post("/webhook", { type })).field("event_id"));
    await eventually("all are done", async () => {
      const { events } = JSON.parse((await gateway.command("events", "list", "--state", "done", "--json")).stdout);
      return events.length === 3;
    });
    const newest = JSON.parse((await gateway.command("events", "list", "--limit", "1", "--json")).stdout);
    expect(newest).toMatchObject({ events: [{ event_id: ids[2], type: "alarm" }], next: expect.any(String) });
    expect((await gateway.command("events", "list", "--query", "backup")).stdout.split("\n")).toHaveLength(3);
    expect(await gateway.command("events", "list", "--source", "github")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "No events match.\n",
    });
    const shown = await gateway.command("events", "show", String(ids[0]));
    expect(shown.stdout).toContain('{"type":"deploy"}');
    expect(shown.stdout).toContain("authorization: [redacted]");
    expect(JSON.parse((await gateway.command("events", "show", String(ids[0]), "--json")).stdout)).toMatchObject({
      event_id: ids[0],
    });
  });

  test("events tail prints each change of an event as it happens, one JSON document a line, until Ctrl+C ends it with 130", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const tail = Bun.spawn([...command, "events", "tail", "--json"], {
      env: { PATH: process.env["PATH"] ?? "", HOME: gateway.dir, ZEROCLAW_CONFIG_DIR: gateway.dir },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    try {
      let printed = "";
      const reading = (async () => {
        for await (const bytes of tail.stdout) printed += Buffer.from(bytes).toString("utf8");
      })();
      await tail.stderr.getReader().read(); // "Waiting for events": it listens
      const event_id = (await owner.post("/webhook", { type: "deploy" })).field("event_id");
      await eventually("the event's end is printed", async () => printed.includes('"done"'));
      tail.kill("SIGINT");
      expect(await tail.exited).toBe(130);
      await reading;
      const frames = printed
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(frames.map(({ data }) => [data.event_id, data.state])).toEqual(
        ["received", "running", "done"].map((state) => [event_id, state]),
      );
    } finally {
      tail.kill("SIGKILL");
    }
  });
}

function terminals(command: readonly string[]): void {
  test("what a stranger wrote cannot draw on the terminal", async () => {
    await using gateway = await GatewayProcess.start(command);
    const owner = await gateway.owner();
    const evil = "\u001b]0;owned\u0007\u001b[2J\u202egnp.exe\r\nFAKE LINE";
    const event_id = (await owner.post("/webhook", { type: evil, text: evil })).field("event_id");
    const named = (await owner.post("/api/paircodes", { device_name: `phone${evil}`.slice(0, 64) })).field("code");
    await gateway.pair(named);
    for (const words of [
      ["events", "list"],
      ["events", "show", event_id],
      ["devices", "list"],
      ["send", "/events"],
    ]) {
      const { code, stdout } = await gateway.command(...words);
      expect({ words, code }).toEqual({ words, code: 0 });
      expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }
  });

  test("colours are for terminals, and NO_COLOR turns them off there", async () => {
    await using gateway = await GatewayProcess.start(command);
    await gateway.pair();
    const onTerminal = async (env: Readonly<Record<string, string>>) => {
      let shown = "";
      const child = Bun.spawn([...command, "devices", "list"], {
        env: {
          PATH: process.env["PATH"] ?? "",
          HOME: gateway.dir,
          ZEROCLAW_CONFIG_DIR: gateway.dir,
          TERM: "xterm",
          ...env,
        },
        terminal: { cols: 120, rows: 40, data: (_terminal, bytes) => (shown += Buffer.from(bytes).toString("latin1")) },
      });
      await child.exited;
      await eventually("the list is shown", async () => shown.includes("owner"));
      child.terminal?.close();
      return shown;
    };
    expect(await onTerminal({})).toContain("\u001b[");
    expect(await onTerminal({ NO_COLOR: "1" })).not.toContain("\u001b[");
    expect((await gateway.command("devices", "list")).stdout).not.toContain("\u001b[");
  });

  test("a reader that leaves early is no error", async () => {
    await inFolder(command, async ({ dir }) => {
      const shell = Bun.spawn(["sh", "-c", '"$@" config list | head -n 1', "sh", ...command], {
        env: { PATH: process.env["PATH"] ?? "", HOME: dir, ZEROCLAW_CONFIG_DIR: dir },
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr] = await Promise.all([shell.stdout.text(), shell.stderr.text(), shell.exited]);
      expect({ lines: stdout.trimEnd().split("\n").length, stderr }).toEqual({ lines: 1, stderr: "" });
    });
  });
}
