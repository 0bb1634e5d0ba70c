/**
 * The executable against the least that a Bun server can be, in one run: `bun test/bench/gateway.bench.ts` after
 * `bun run build`. Time to the first answer and idle memory against an empty `Bun.serve`; `POST /webhook` (token, limiter, an
 * event synced to disk before the 202) against one that reads the JSON and answers 202, and against one that also stores the
 * event as the gateway does and does nothing else: the floor. Needs Linux and `wrk` (Debian: apt-get install wrk). Figures
 * with their machine and date are in docs/benchmarks.md.
 */
import { Database } from "bun:sqlite";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Subprocess } from "bun";
import { BINARY } from "../support/gateway-process.ts";

const STARTS = 15;
const ROUNDS = 7;
const SECONDS = 3;
const CONNECTIONS = 64;
/** Answers each server has given when its memory is read, and how long it has been quiet then. */
const ANSWERS = 10;
const QUIET_MS = 500;

const STORE = resolve(import.meta.dir, "../../src/store/sqlite/sqlite-store.ts");
const CLOCK = resolve(import.meta.dir, "../../src/lib/clock.ts");
const EMPTY = `
Bun.serve({ port: Number(process.argv[2]), hostname: "127.0.0.1", development: false, fetch: () => new Response("ok") });`;
const RAW = `
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, async fetch(request) {
  await request.json();
  return new Response('{"status":"accepted"}', { status: 202, headers: { "Content-Type": "application/json" } });
} });
console.log("port: " + server.port);`;
const FLOOR = `
import { openSqliteStore } from ${JSON.stringify(STORE)};
import { systemClock } from ${JSON.stringify(CLOCK)};
const store = await openSqliteStore({ path: process.argv[2], clock: systemClock });
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, async fetch(request) {
  const body = await request.bytes();
  const received_at = Date.now();
  await store.events.accept({ event_id: Bun.randomUUIDv7(), source: "webhook", type: "event", delivery_id: null,
    session_id: "webhook", device_id: null, received_at, content_type: "application/json", headers: {}, body });
  return new Response('{"status":"accepted"}', { status: 202, headers: { "Content-Type": "application/json" } });
} });
console.log("port: " + server.port);`;
const EVENT = JSON.stringify({ type: "deploy", repository: "web", status: "ok", text: "x".repeat(900) });

type Server = Subprocess<"ignore", "pipe", Bun.BunFile>;

interface Start {
  readonly ms: number;
  readonly rssMb: number;
}

interface Subject {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly script: string;
  readonly perSecond: number[];
  readonly cpuUs: number[];
  answered: number;
}

const dir = await mkdtemp(join(tmpdir(), "zeroclaw-bench-"));
try {
  const ours = await copied("ours", BINARY[0]!);
  await starts(ours);
  await webhooks(ours);
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function starts(binary: string): Promise<void> {
  const empty = await compile("empty", EMPTY);
  const env = { ZEROCLAW_CONFIG_DIR: join(dir, "starts") };
  const ours: Start[] = [];
  const theirs: Start[] = [];
  for (let i = 0; i <= STARTS; i += 1) {
    const port = await freePort();
    theirs.push(await start([empty, String(port)], port, {}));
    ours.push(await start([binary, "gateway", "-p", String(port)], port, env));
  }
  const [, ...ourStarts] = ours; // the first one makes the configuration and the database
  const [, ...theirStarts] = theirs;
  report("start to first answer, ms", ourStarts, theirStarts, ({ ms }) => ms, "at most 3");
  report("idle RSS, MB", ourStarts, theirStarts, ({ rssMb }) => rssMb, "at most 1.5");
}

async function start(command: string[], port: number, env: Record<string, string>): Promise<Start> {
  const began = performance.now();
  const child = Bun.spawn(command, { env: { ...process.env, ...env }, cwd: dir, stdout: "ignore", stderr: "ignore" });
  while (!(await answers(port))) await Bun.sleep(0);
  const ms = performance.now() - began;
  for (let i = 1; i < ANSWERS; i += 1) await answers(port);
  await Bun.sleep(QUIET_MS);
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  child.kill("SIGTERM");
  await child.exited;
  return { ms, rssMb: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024 };
}

async function answers(port: number): Promise<boolean> {
  try {
    // No connection is kept: the next server on this port must not be taken for this one.
    await (await fetch(`http://127.0.0.1:${port}/health`, { headers: { Connection: "close" } })).text();
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server;
  await server.stop(true);
  return port!;
}

/** Rounds alternate between the servers; what is compared are the figures of one round, so that a slow minute slows all. */
async function webhooks(binary: string): Promise<void> {
  const home = join(dir, "load");
  const floorDb = join(dir, "floor.db");
  const raw = run([await compile("raw", RAW)]);
  const floor = run([await compile("floor", FLOOR), floorDb]);
  const gateway = await runGateway(binary, home);
  try {
    const subjects = [
      await subject("raw", raw, await portOf(raw, ""), "none"),
      await subject("floor", floor, await portOf(floor, ""), "none"),
      await subject("ours", gateway.server, `${gateway.url}/webhook`, gateway.token),
    ] as const;
    for (const each of subjects) await load(each, false);
    for (let i = 0; i < ROUNDS; i += 1) for (const each of subjects) await load(each, true);
    const [bare, least, ours] = subjects;
    report("POST /webhook, requests/s", ours.perSecond, bare.perSecond, (value) => value, "at least 0.40");
    report("  the floor, requests/s", least.perSecond, bare.perSecond, (value) => value, "");
    report("  CPU a request, µs", ours.cpuUs, bare.cpuUs, (value) => value, "");
    report("  CPU at the floor, µs", least.cpuUs, bare.cpuUs, (value) => value, "");
    requireStored(join(home, "state.db"), ours.answered);
    requireStored(floorDb, least.answered);
  } finally {
    for (const child of [raw, floor, gateway.server]) child.kill("SIGKILL");
    await Promise.all([raw.exited, floor.exited, gateway.server.exited]);
  }
}

function run(command: string[], env: Record<string, string> = {}): Server {
  // Stderr is a file, as a service's is: a pipe would have this process read 16,000 lines a second on wrk's core.
  const stderr = Bun.file(join(dir, "stderr.log"));
  return Bun.spawn(command, { env: { ...process.env, ...env }, cwd: dir, stdin: "ignore", stdout: "pipe", stderr });
}

async function runGateway(binary: string, home: string): Promise<{ server: Server; url: string; token: string }> {
  await Bun.write(join(home, "config.toml"), "[gateway.rate_limit]\nmax_requests_per_window = 1000000\n");
  const server = run([binary, "gateway", "-p", "0"], { ZEROCLAW_CONFIG_DIR: home });
  const printed = await textUntil(server, /Pairing Code: (\S+)\n/);
  const url = `http://127.0.0.1:${/port: (\d+)/.exec(printed)?.[1]}`;
  const code = /Pairing Code: (\S+)/.exec(printed)?.[1] ?? "";
  const paired: unknown = await (
    await fetch(`${url}/pair`, { method: "POST", headers: { "X-Pairing-Code": code } })
  ).json();
  if (typeof paired !== "object" || paired === null || !("token" in paired)) throw new Error("Cannot pair");
  return { server, url, token: String(paired.token) };
}

async function portOf(server: Server, path: string): Promise<string> {
  const printed = await textUntil(server, /port: \d+\n/);
  return `http://127.0.0.1:${/port: (\d+)/.exec(printed)?.[1]}/${path}`;
}

async function textUntil(server: Server, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of server.stdout) {
    text += new TextDecoder().decode(chunk);
    if (pattern.test(text)) return text;
  }
  throw new Error(`The server ended without saying ${pattern}:\n${text}`);
}

async function subject(name: string, { pid }: Server, url: string, token: string): Promise<Subject> {
  const script = join(dir, `${name}.lua`);
  await writeFile(
    script,
    `wrk.method = "POST"\nwrk.body = [[${EVENT}]]\nwrk.headers["Content-Type"] = "application/json"\nwrk.headers["Authorization"] = "Bearer ${token}"\n`,
  );
  return { name, pid, url, script, perSecond: [], cpuUs: [], answered: 0 };
}

async function load(subject: Subject, counted: boolean): Promise<void> {
  const before = await cpuUs(subject.pid);
  const command = ["wrk", "-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`, "-s", subject.script, subject.url];
  const text = await Bun.spawn(command, { stdout: "pipe" }).stdout.text();
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`Some requests to ${subject.name} failed:\n${text}`);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  subject.answered += requests;
  if (!counted) return;
  subject.perSecond.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]));
  subject.cpuUs.push(((await cpuUs(subject.pid)) - before) / requests);
}

/** Microseconds that all threads of a process have run (proc_pid_schedstat(5)). */
async function cpuUs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const files = threads.map((tid) => readFile(`/proc/${pid}/task/${tid}/schedstat`, "utf8").catch(() => "0"));
  return (await Promise.all(files)).reduce((sum, text) => sum + Number(text.split(" ")[0]) / 1_000, 0);
}

/** A fast answer that stored nothing is no answer. @throws Error */
function requireStored(path: string, answered: number): void {
  using db = new Database(path, { readonly: true });
  const stored = db.query<{ n: number }, []>("SELECT count(*) AS n FROM events").get()?.n ?? 0;
  if (stored < answered) throw new Error(`${answered} requests were answered 202, but ${path} has ${stored} events`);
}

async function compile(name: string, source: string): Promise<string> {
  const file = join(dir, `${name}.ts`);
  await writeFile(file, source);
  const out = join(dir, `${name}.built`);
  const args = ["build", "--compile", "--minify", "--bytecode", "--format=esm", "--production", file, "--outfile", out];
  const build = Bun.spawnSync([process.execPath, ...args], { cwd: dir, stdout: "ignore", stderr: "pipe" });
  if (build.exitCode !== 0) throw new Error(`Cannot compile ${name}:\n${build.stderr.toString()}`);
  return copied(name, out);
}

/** How much of an executable counts as resident depends on how it came into the page cache, so all come the same way. */
async function copied(name: string, file: string): Promise<string> {
  const path = join(dir, name);
  await copyFile(file, path);
  return path;
}

function report<T>(what: string, ours: readonly T[], theirs: readonly T[], value: (each: T) => number, target: string) {
  const [mine, other] = [ours.map(value), theirs.map(value)];
  const ratios = mine.map((each, i) => each / other[i]!).sort((a, b) => a - b);
  const spread = `${ratios[0]!.toFixed(2)} to ${ratios.at(-1)!.toFixed(2)}`;
  const goal = target === "" ? "" : `, target ${target}`;
  console.log(
    `${what.padEnd(28)} ${median(mine).toFixed(1).padStart(8)} against ${median(other).toFixed(1).padStart(8)}: ratio ${median(ratios).toFixed(2)} (${spread}${goal})`,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
