import { existsSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Subprocess } from "bun";
import { GatewayClient } from "./gateway-client.ts";

const ROOT = resolve(import.meta.dir, "../..");

/** `bun src/main.ts`. */
export const SOURCE: readonly string[] = [process.execPath, join(ROOT, "src/main.ts")];
/** The compiled executable: `ZEROCLAW_BIN`, else the one `bun run build` makes. */
export const BINARY: readonly string[] = [resolve(process.env["ZEROCLAW_BIN"] ?? join(ROOT, "dist/zeroclaw"))];

/** Both ways to run the same program, for `describe.each`. */
export const SUBJECTS: readonly (readonly [string, readonly string[]])[] = [
  ["source", SOURCE],
  ["binary", BINARY],
];

/** Builds the executable when there is none, or when it is older than what it is made of. For `beforeAll`. */
export async function buildBinary(): Promise<void> {
  const [path = ""] = BINARY;
  if (process.env["ZEROCLAW_BIN"] !== undefined || (existsSync(path) && statSync(path).mtimeMs >= newestSource()))
    return;
  const build = Bun.spawn([process.execPath, join(ROOT, "scripts/build.ts")], { stdout: "ignore", stderr: "pipe" });
  const [complaint, code] = await Promise.all([build.stderr.text(), build.exited]);
  if (code !== 0) throw new Error(`Cannot build ${path}:\n${complaint}`);
}

function newestSource(): number {
  const files = [...new Bun.Glob("src/**/*").scanSync(ROOT), "package.json", "scripts/build.ts"];
  return Math.max(...files.map((file) => statSync(join(ROOT, file)).mtimeMs));
}

/**
 * What to put before a command so that file modes and low ports mean something to it: root is above both, so it is
 * started without the two capabilities that put it there (capabilities(7)).
 */
export const UNPRIVILEGED: readonly string[] =
  process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-net_bind_service"] : [];

export interface StartOptions {
  /** @default ["-p", "0"] */
  readonly args?: readonly string[];
  /** Written to config.toml before the start. */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A folder that is there already; otherwise one is made. `remove` takes either away. */
  readonly dir?: string;
  /** The folder it is started in. */
  readonly cwd?: string;
}

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Far above what a start or a stop takes on a busy machine. */
const PATIENCE_MS = 20_000;

/** A real gateway in a process of its own. `await using` stops it and removes its folder, whatever the test came to. */
export class GatewayProcess implements AsyncDisposable {
  readonly dir: string;
  readonly #command: readonly string[];
  readonly #child: Subprocess<"ignore", "pipe", "pipe">;
  readonly #reading: Promise<unknown>;
  stdout = "";
  stderr = "";

  private constructor(command: readonly string[], child: Subprocess<"ignore", "pipe", "pipe">, dir: string) {
    this.#command = command;
    this.#child = child;
    this.dir = dir;
    this.#reading = Promise.all([
      collect(child.stdout, (text) => (this.stdout += text)),
      collect(child.stderr, (text) => (this.stderr += text)),
    ]);
  }

  /** Starts `command gateway …` and resolves when it has printed everything. @throws Error with its output when it ends first */
  static async start(command: readonly string[], options: StartOptions = {}): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.launch(command, options);
    try {
      await gateway.until(() => gateway.printedAll());
    } catch (error) {
      if (options.dir === undefined) await gateway.remove();
      else await gateway.kill();
      throw error;
    }
    return gateway;
  }

  /** The same without waiting: for starts that are meant to fail. */
  static async launch(command: readonly string[], options: StartOptions = {}): Promise<GatewayProcess> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "zeroclaw-")));
    if (options.config !== undefined) await writeFile(join(dir, "config.toml"), options.config, { mode: 0o600 });
    const child = Bun.spawn([...command, "gateway", ...(options.args ?? ["-p", "0"])], {
      env: environment(dir, options.env),
      cwd: options.cwd ?? dir,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    return new GatewayProcess(command, child, dir);
  }

  /** Starts it in the same folder again: after `kill` or `stop`. */
  again(options: Omit<StartOptions, "dir"> = {}): Promise<GatewayProcess> {
    return GatewayProcess.start(this.#command, { ...options, dir: this.dir });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get port(): number {
    const port = /started on port: (\d+)/.exec(this.stdout)?.[1] ?? /Gateway on \S*:(\d+)/.exec(this.stdout)?.[1];
    if (!port) throw new Error(`The gateway printed no port:\n${this.stdout}\n${this.stderr}`);
    return Number(port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get code(): string {
    const code = /Pairing Code: (\S+)/.exec(this.stdout)?.[1];
    if (!code) throw new Error(`The gateway printed no pairing code:\n${this.stdout}\n${this.stderr}`);
    return code;
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  /** Somebody who asks it: with a token, or nobody in particular. */
  client(token: string | null = null): GatewayClient {
    return new GatewayClient(this.url, token);
  }

  /** The owner: whoever got the printed code first. */
  async owner(): Promise<GatewayClient> {
    return this.client(await this.pair());
  }

  /** Spends the printed code, or another one. Resolves to the token. */
  async pair(code = this.code): Promise<string> {
    return (await this.client().post("/pair", { code })).field("token");
  }

  /** Runs another command on the same folder to its end. */
  command(...args: string[]): Promise<Ended> {
    return this.run(args);
  }

  /** The same with more to say about it. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return runCommand(this.#command, args, this.dir, options);
  }

  config(): Promise<string> {
    return readFile(join(this.dir, "config.toml"), "utf8");
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit code, once it and everything it wrote is there. */
  async ended(): Promise<number> {
    const code = await this.#child.exited;
    await this.#reading;
    return code;
  }

  /** The exit code after SIGTERM. */
  async stop(): Promise<number> {
    this.signal("SIGTERM");
    return this.ended();
  }

  /** Ends it with no chance to do anything about it. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
  }

  /** Ends it in whatever state it is and takes its folder away. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.dir, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }

  /** Whether the last line of the start is there: which one that is depends on the page's transcript. */
  printedAll(): boolean {
    const { stdout } = this;
    if (stdout.includes("(random port)")) return /Pairing Code: \S+\n$/.test(stdout);
    if (stdout.includes("Cleared paired tokens")) return stdout.endsWith("✓ Gateway server started\n");
    return stdout.endsWith("Listening for webhook events...\n");
  }

  /** Resolves when `done` says so. @throws Error with all output when the process ends first, or nothing comes of it */
  async until(done: () => boolean): Promise<void> {
    const deadline = Bun.nanoseconds() + PATIENCE_MS * 1e6;
    while (!done()) {
      const { exitCode, signalCode } = this.#child;
      if (exitCode !== null || signalCode !== null) await this.#reading;
      if (done()) return;
      const late = Bun.nanoseconds() > deadline;
      if (late || exitCode !== null || signalCode !== null) {
        const end = late ? "does not come to that point" : `ended with ${exitCode ?? signalCode}`;
        throw new Error(`The gateway ${end}:\n${this.stdout}\n${this.stderr}`);
      }
      await Bun.sleep(2); // waits for another process, whose output is the only clock there is
    }
  }
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** Runs a command of the program on a folder to its end. */
export async function runCommand(
  command: readonly string[],
  args: readonly string[],
  dir: string,
  { env = {}, stdin = "" }: RunOptions = {},
): Promise<Ended> {
  const child = Bun.spawn([...command, ...args], {
    env: environment(dir, env),
    stdin: new Blob([stdin]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

/** Asks every few milliseconds until there is an answer. @throws Error naming `what` when there is none after 20 s */
export async function eventually<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  const deadline = Bun.nanoseconds() + PATIENCE_MS * 1e6;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Bun.nanoseconds() > deadline) throw new Error(`Waited ${PATIENCE_MS / 1_000} s for this in vain: ${what}`);
    await Bun.sleep(10); // another process is waited for: there is no event to listen to
  }
}

function environment(dir: string, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: dir, ZEROCLAW_CONFIG_DIR: dir, ...env };
}

async function collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) add(decoder.decode(chunk, { stream: true }));
}
