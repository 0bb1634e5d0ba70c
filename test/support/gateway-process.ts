import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Subprocess } from "bun";

/** `bun src/main.ts`. */
export const SOURCE: readonly string[] = [process.execPath, resolve(import.meta.dir, "../../src/main.ts")];
/** The compiled executable: `ZEROCLAW_BIN`, else the one `bun run build` makes. */
export const BINARY: readonly string[] = [
  resolve(process.env["ZEROCLAW_BIN"] ?? resolve(import.meta.dir, "../../dist/zeroclaw")),
];

export interface StartOptions {
  /** @default ["-p", "0"] */
  readonly args?: readonly string[];
  /** Written to config.toml before the start. */
  readonly config?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A folder that is there already; otherwise one is made and `remove` takes it away. */
  readonly dir?: string;
  /** The folder it is started in. */
  readonly cwd?: string;
}

/** A real gateway in a process of its own. */
export class GatewayProcess {
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

  /** Starts `command gateway …` and resolves when it says that it has started. @throws Error with its output when it ends first */
  static async start(command: readonly string[], options: StartOptions = {}): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.launch(command, options);
    await gateway.until(() => /✓ Gateway server started[\s\S]*\n/.test(gateway.stdout) && gateway.printedAll());
    return gateway;
  }

  /** The same without waiting: for starts that are meant to fail. */
  static async launch(command: readonly string[], options: StartOptions = {}): Promise<GatewayProcess> {
    const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "zeroclaw-")));
    if (options.config !== undefined) await writeFile(join(dir, "config.toml"), options.config, { mode: 0o600 });
    const child = Bun.spawn([...command, "gateway", ...(options.args ?? ["-p", "0"])], {
      env: { PATH: process.env["PATH"] ?? "", HOME: dir, ZEROCLAW_CONFIG_DIR: dir, ...options.env },
      cwd: options.cwd ?? dir,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    return new GatewayProcess(command, child, dir);
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

  /** Spends the printed code. */
  async pair(): Promise<string> {
    const answer = await this.fetch("/pair", { method: "POST", headers: { "X-Pairing-Code": this.code } });
    const body = (await answer.json()) as { token?: string };
    if (!body.token) throw new Error(`Pairing failed: ${JSON.stringify(body)}`);
    return body.token;
  }

  /** Runs another command on the same folder to its end. */
  async command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const child = Bun.spawn([...this.#command, ...args], {
      env: { PATH: process.env["PATH"] ?? "", HOME: this.dir, ZEROCLAW_CONFIG_DIR: this.dir },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { code, stdout, stderr };
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

  async stop(): Promise<number> {
    this.signal("SIGTERM");
    return this.ended();
  }

  /** Stops it in whatever state it is and takes its folder away. */
  async remove(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
    await rm(this.dir, { recursive: true, force: true });
  }

  printedAll(): boolean {
    const { stdout } = this;
    if (stdout.includes("Cleared paired tokens") && !stdout.includes("(random port)")) return true;
    return stdout.includes("(random port)")
      ? /Pairing Code: \S+\n/.test(stdout)
      : stdout.includes("Listening for webhook events");
  }

  /** Resolves when `done` says so, after each piece of output. @throws Error with all output when the process ends first */
  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        await this.#reading;
        if (done()) return;
        throw new Error(
          `The gateway ended with ${this.#child.exitCode ?? this.#child.signalCode}:\n${this.stdout}\n${this.stderr}`,
        );
      }
      await Bun.sleep(2); // waits for another process, whose output is the only clock there is
    }
  }
}

async function collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) add(decoder.decode(chunk, { stream: true }));
}
