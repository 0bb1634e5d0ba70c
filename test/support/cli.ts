import { afterEach, beforeEach } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Surroundings } from "../../src/cli/command.ts";
import type { ProcessEvents, SignalName } from "../../src/cli/process-events.ts";
import { runProgram } from "../../src/cli/program.ts";
import { type Output, Terminal } from "../../src/cli/terminal.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { ManualClock } from "./clock.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = resolve(import.meta.dir, "../../src/main.ts");

/** The command that starts the real program: `bun src/main.ts`, or the executable that `ZEROCLAW_BIN` names. */
export function program(): readonly string[] {
  const executable = process.env["ZEROCLAW_BIN"];
  return executable ? [resolve(executable)] : [process.execPath, MAIN];
}

/** Runs the real program to its end, with nothing of this process's environment but PATH. */
export async function run(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string } = {},
): Promise<Ended> {
  const child = Bun.spawn([...program(), ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ...options.env },
    stdin: new Blob([options.stdin ?? ""]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

export interface GatewayProcess {
  readonly pid: number;
  readonly port: number;
  readonly code: string;
  /** What stands on stdout until the startup lines are complete. */
  readonly banner: string;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Ended>;
}

/** Starts the real `zeroclaw gateway -p 0` on a folder and waits for its startup lines. @throws Error when it ends first */
export async function startGatewayProcess(dir: string, args: readonly string[] = []): Promise<GatewayProcess> {
  const child = Bun.spawn([...program(), "gateway", "-p", "0", ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ZEROCLAW_CONFIG_DIR: dir },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const stderr = child.stderr.text();
  const decoder = new TextDecoder();
  const lines = Promise.withResolvers<string>();
  let stdout = "";
  const read = async () => {
    for await (const chunk of child.stdout) {
      stdout += decoder.decode(chunk, { stream: true });
      if (/Pairing Code: .*\n/.test(stdout)) lines.resolve(stdout);
    }
    lines.reject(new Error(`The gateway ended before it ran: ${await stderr}`));
  };
  const ended = read().then(async () => ({ code: await child.exited, stdout, stderr: await stderr }));
  const banner = await lines.promise;
  return {
    pid: child.pid,
    port: Number(/started on port: (\d+)/.exec(banner)?.[1]),
    code: /Pairing Code: (\S+)/.exec(banner)?.[1] ?? "",
    banner,
    signal: (name) => child.kill(name),
    ended,
  };
}

/** A new folder under the system's temporary one; removed by `remove`. */
export async function temporaryFolder(): Promise<{ readonly dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "zeroclaw-cli-"));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

/** Keeps what is written to it. */
export class MemoryOutput implements Output {
  readonly isTerminal: boolean;
  readonly #columns: number;
  readonly #waits = new Set<() => void>();
  text = "";
  /** Set: its reader has gone. */
  closed = false;

  constructor(isTerminal = false, columns = 80) {
    this.isTerminal = isTerminal;
    this.#columns = columns;
  }

  columns(): number {
    return this.#columns;
  }

  write(text: string): boolean {
    if (this.closed) return false;
    this.text += text;
    for (const wait of [...this.#waits]) wait();
    return true;
  }

  /** Resolves once all of what was written holds `text`. */
  shows(text: string): Promise<void> {
    return new Promise((resolve) => {
      const wait = () => {
        if (!this.text.includes(text)) return;
        this.#waits.delete(wait);
        resolve();
      };
      this.#waits.add(wait);
      wait();
    });
  }
}

/** Signals and faults that come when told. */
export class ManualEvents implements ProcessEvents {
  readonly #signals = new Set<{ names: readonly SignalName[]; listener: (name: SignalName) => void }>();
  readonly #faults = new Set<(error: unknown) => void>();

  onSignal(names: readonly SignalName[], listener: (name: SignalName) => void): () => void {
    const entry = { names, listener };
    this.#signals.add(entry);
    return () => this.#signals.delete(entry);
  }

  onFault(listener: (error: unknown) => void): () => void {
    this.#faults.add(listener);
    return () => this.#faults.delete(listener);
  }

  /** How many listen to `name`. */
  listeners(name: SignalName): number {
    return [...this.#signals].filter(({ names }) => names.includes(name)).length;
  }

  signal(name: SignalName): void {
    for (const { names, listener } of [...this.#signals]) if (names.includes(name)) listener(name);
  }

  fault(error: unknown): void {
    for (const listener of [...this.#faults]) listener(error);
  }
}

export interface CallOptions {
  readonly dir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | ReadableStream<Uint8Array>;
  /** Stdin, stdout and stderr are terminals. */
  readonly terminal?: boolean;
  readonly columns?: number;
  readonly clock?: Clock;
  readonly events?: ProcessEvents;
  readonly out?: MemoryOutput;
  readonly err?: MemoryOutput;
}

/** Runs a command in this process, which is much quicker than starting one. */
export async function call(argv: readonly string[], options: CallOptions = {}): Promise<Ended> {
  const out = options.out ?? new MemoryOutput(options.terminal, options.columns);
  const err = options.err ?? new MemoryOutput(options.terminal, options.columns);
  const code = await runProgram(argv, surroundings(options, out, err));
  return { code, stdout: out.text, stderr: err.text };
}

/** What a command gets to see of a process that is not there. */
export function surroundings(options: CallOptions, out: MemoryOutput, err: MemoryOutput): Surroundings {
  const { terminal = false, stdin = "" } = options;
  const folder = options.dir ?? "/nonexistent";
  const env = { NO_COLOR: "1", HOME: "/nonexistent", ZEROCLAW_CONFIG_DIR: folder, ...options.env };
  return {
    terminal: new Terminal(out, err, env),
    logSink: { write: (lines) => void err.write(lines), flush: () => {} },
    env,
    clock: options.clock ?? new ManualClock(),
    input: {
      isTerminal: () => Promise.resolve(terminal),
      stream: () => (typeof stdin === "string" ? new Blob([stdin]).stream() : stdin),
    },
    events: options.events ?? new ManualEvents(),
  };
}

export interface LocalGateway {
  /** `METHOD /path?query` and the body of every request, in order. */
  readonly requests: readonly { readonly line: string; readonly body: string }[];
  stop(): Promise<void>;
}

/** Answers on the Unix socket of `dir` as a running gateway does. */
export function localGateway(
  dir: string,
  answer: (request: Request, url: URL) => Response | Promise<Response>,
): LocalGateway {
  const requests: { line: string; body: string }[] = [];
  const server = Bun.serve({
    unix: join(dir, "gateway.sock"),
    development: false,
    async fetch(request) {
      const url = new URL(request.url);
      requests.push({ line: `${request.method} ${url.pathname}${url.search}`, body: await request.clone().text() });
      return answer(request, url);
    },
  });
  return { requests, stop: () => server.stop(true) };
}

/** A refusal as the gateway answers it. */
export function problem(status: number, code: string, detail: string): Response {
  const body = {
    type: `urn:zeroclaw:problem:${code}`,
    title: code,
    status,
    detail,
    code,
    request_id: "r1",
    error: detail,
  };
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/problem+json" } });
}

/** Frames as `POST /api/message` streams them, all at once; `more` may hold the stream open. */
export function frames(
  all: readonly Readonly<Record<string, unknown>>[],
  headers: Record<string, string> = {},
): Response {
  const text = all.map(
    (frame) => `event: ${frame["type"]}\nid: ${frame["seq"] ?? 0}\ndata: ${JSON.stringify(frame)}\n\n`,
  );
  return new Response(text.join(""), { headers: { "Content-Type": "text/event-stream; charset=utf-8", ...headers } });
}

/** A folder for each test of a file, perhaps with a gateway on it. */
export interface LocalScene {
  readonly dir: string;
  /** A gateway that answers `METHOD /path` with these documents, and everything else with 404. */
  serve(answers: Readonly<Record<string, object>>): LocalGateway;
  /** A gateway that answers as it likes. */
  serveWith(answer: (request: Request, url: URL) => Response | Promise<Response>): LocalGateway;
  /** Runs a command on the folder; words of a string are split at spaces. */
  zeroclaw(line: string | readonly string[], options?: CallOptions): Promise<Ended>;
}

/** Call it once at the top of a test file. */
export function localScene(): LocalScene {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let gateway: LocalGateway | undefined;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await gateway?.stop();
    gateway = undefined;
    await folder.remove();
  });
  const serveWith: LocalScene["serveWith"] = (answer) => {
    gateway = localGateway(folder.dir, answer);
    return gateway;
  };
  return {
    get dir() {
      return folder.dir;
    },
    serveWith,
    serve: (answers) =>
      serveWith((request, url) => {
        const answer = answers[`${request.method} ${url.pathname}`];
        return answer ? Response.json(answer) : problem(404, "not_found", "There is nothing at this address.");
      }),
    zeroclaw: (line, options = {}) =>
      call(typeof line === "string" ? line.split(" ") : line, { dir: folder.dir, ...options }),
  };
}
