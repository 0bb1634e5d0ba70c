/**
 * How long a piece of a model's answer is on its way through the gateway: `bun test/bench/agents.bench.ts` after
 * `bun run build`. A scripted model server in a process of its own sends 50 pieces a second on every stream, each with the
 * time at which it was sent; this process is the client, and takes the time at which it has each. In one run, in turns:
 *
 *   direct    from the model server to the client, nothing between them
 *   proxy     the least that can stand between: a Bun.serve that passes the same bytes on and reads none of them
 *   /v1       the gateway, kind = "model", as an OpenAI client uses it: POST /v1/chat/completions, streamed
 *   message   the gateway, POST /api/message, streamed: every piece has a number of its session, the run is on disk
 *   socket    the gateway, a WebSocket a stream, "stream": true: likewise
 *
 * What a subject adds is its percentile less that of `direct`, so that what clock and client add is in neither. The first
 * second, in which all answers begin at once, stands by itself. Needs Linux. Figures with their machine and date are in
 * docs/benchmarks.md.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { modelConfig } from "../support/agent-door.ts";
import { BINARY, GatewayProcess } from "../support/gateway-process.ts";

const STREAMS = [1, 100] as const;
const ROUNDS = 2;
/** Pieces of one answer, 50 a second: 2 s of it. */
const PIECES = 100;
const EVERY_MS = 20;
/** What comes sooner after the question belongs to the beginning. */
const BEGINNING_MS = 1_000;

const UPSTREAM = `
const now = () => performance.timeOrigin + performance.now();
const chunk = (delta, finish_reason = null) => "data: " + JSON.stringify({ id: "c", object: "chat.completion.chunk",
  created: 1, model: "test-model", choices: [{ index: 0, delta, finish_reason }] }) + "\\n\\n";
async function say(controller, signal) {
  controller.write(chunk({ role: "assistant", content: "" }));
  await controller.flush();
  // Streams that begin together would all speak in the same millisecond for ever.
  const began = performance.now() + Math.random() * ${EVERY_MS};
  for (let i = 0; i < ${PIECES} && !signal.aborted; i += 1) {
    const wait = began + i * ${EVERY_MS} - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    controller.write(chunk({ content: "t=" + now().toFixed(3) + ";" }));
    await controller.flush();
  }
  controller.write(chunk({}, "stop") + "data: [DONE]\\n\\n");
  controller.close();
}
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, idleTimeout: 30, async fetch(request) {
  await request.text();
  const body = new ReadableStream({ type: "direct", pull: (controller) => say(controller, request.signal) });
  return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
} });
console.log("port: " + server.port);`;
const PROXY = `
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, idleTimeout: 30, async fetch(request) {
  const path = new URL(request.url).pathname;
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(process.argv[2] + path, { method: "POST", headers, body: await request.text() });
  return new Response(answer.body, { headers: { "Content-Type": "text/event-stream" } });
} });
console.log("port: " + server.port);`;

type Server = Subprocess<"ignore", "pipe", "inherit">;

/** Asks one question and tells `took` how many milliseconds each piece of the answer was on its way. */
type Ask = (took: (ms: number) => void, session: string) => Promise<void>;

interface Subject {
  readonly name: string;
  /** Whose processor time counts. */
  readonly pid: number;
  readonly ask: Ask;
  /** By number of streams. */
  readonly results: Map<number, Result[]>;
}

interface Result {
  /** Milliseconds that the pieces were on their way: at the beginning, and from then on. */
  readonly first: readonly number[];
  readonly took: readonly number[];
  readonly perSecond: number;
  /** Milliseconds of processor time a second. */
  readonly cpu: number;
  readonly rssMb: number;
}

const now = (): number => performance.timeOrigin + performance.now();
const dir = await mkdtemp(join(tmpdir(), "zeroclaw-bench-"));
const children: Server[] = [];
let sessions = 0;
try {
  await run();
} finally {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exited));
  await rm(dir, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const upstream = await serve("upstream", UPSTREAM);
  const proxy = await serve("proxy", PROXY, upstream.url);
  const limits = "[gateway.rate_limit]\nmax_requests_per_window = 1000000\n";
  await using gateway = await GatewayProcess.start(BINARY, { config: modelConfig(`${upstream.url}/v1`) + limits });
  const token = await gateway.pair();
  const subject = (name: string, pid: number, ask: Ask): Subject => ({ name, pid, ask, results: new Map() });
  const chat = { model: "test-model", stream: true, messages: [{ role: "user", content: "Go" }] };
  const asked = { message: "Go", stream: true };
  const subjects = [
    subject(
      "direct",
      upstream.pid,
      overHttp(`${upstream.url}/v1/chat/completions`, null, () => chat),
    ),
    subject(
      "proxy",
      proxy.pid,
      overHttp(`${proxy.url}/v1/chat/completions`, null, () => chat),
    ),
    subject(
      "/v1",
      gateway.pid,
      overHttp(`${gateway.url}/v1/chat/completions`, token, () => chat),
    ),
    subject(
      "message",
      gateway.pid,
      overHttp(`${gateway.url}/api/message`, token, (session_id) => ({ ...asked, session_id })),
    ),
    subject("socket", gateway.pid, overSocket(gateway.url, token)),
  ];
  for (const streams of STREAMS) {
    for (const each of subjects) await measure(each, streams); // until everything is loaded and compiled
    for (const each of subjects) each.results.clear();
    for (let i = 0; i < ROUNDS; i += 1) for (const each of subjects) await measure(each, streams);
    report(streams, subjects);
  }
}

async function serve(name: string, source: string, ...args: string[]): Promise<{ url: string; pid: number }> {
  const file = join(dir, `${name}.ts`);
  await writeFile(file, source);
  const child = Bun.spawn([process.execPath, file, ...args], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  children.push(child);
  for await (const line of child.stdout) {
    const port = /port: (\d+)/.exec(new TextDecoder().decode(line))?.[1];
    if (port !== undefined) return { url: `http://127.0.0.1:${port}`, pid: child.pid };
  }
  throw new Error(`The ${name} ended without saying its port`);
}

function overHttp(url: string, token: string | null, body: (session: string) => object): Ask {
  const headers = { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  return async (took, session) => {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body(session)) });
    if (response.status !== 200 || !response.body)
      throw new Error(`${url}: ${response.status} ${await response.text()}`);
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of response.body) {
      const at = now();
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) read(line, at, took);
    }
  };
}

function overSocket(url: string, token: string): Ask {
  return (took, session_id) =>
    new Promise((resolve, reject) => {
      const headers = { Authorization: `Bearer ${token}` };
      const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws`, { headers });
      socket.addEventListener("open", () => {
        socket.send(JSON.stringify({ type: "message", content: "Go", session_id, stream: true }));
      });
      socket.addEventListener("message", ({ data }) => {
        const text = String(data);
        read(text, now(), took);
        if (text.startsWith('{"type":"error"')) reject(new Error(text));
        if (text.startsWith('{"type":"response"')) socket.close();
      });
      socket.addEventListener("error", () => reject(new Error(`${url}/ws: the socket failed`)));
      socket.addEventListener("close", () => resolve());
    });
}

/** The whole answer at the end has all its times in it once more: they are not the pieces'. */
function read(line: string, at: number, took: (ms: number) => void): void {
  if (line.includes('"type":"response"')) return;
  const sent = /t=([\d.]+);/.exec(line)?.[1];
  if (sent !== undefined) took(at - Number(sent));
}

async function measure({ name, pid, ask, results }: Subject, streams: number): Promise<void> {
  const first: number[] = [];
  const took: number[] = [];
  const began = now();
  const note = (ms: number) => (now() - began < BEGINNING_MS ? first : took).push(ms);
  const before = await cpuMs(pid);
  const asked = Array.from({ length: streams }, () => ask(note, `bench-${nextSession()}`));
  await Promise.all(asked);
  const seconds = (now() - began) / 1_000;
  const cpu = ((await cpuMs(pid)) - before) / seconds;
  const pieces = first.length + took.length;
  if (pieces !== streams * PIECES) throw new Error(`${name}: ${pieces} pieces came, not ${streams * PIECES}`);
  const result = { first, took, perSecond: pieces / seconds, cpu, rssMb: await rssMb(pid) };
  results.set(streams, [...(results.get(streams) ?? []), result]);
}

/** Each answer has a session of its own: in one session they would come one after the other. */
function nextSession(): number {
  sessions += 1;
  return sessions;
}

/** Milliseconds that all threads of a process have run (proc_pid_schedstat(5)). */
async function cpuMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const files = threads.map((tid) => readFile(`/proc/${pid}/task/${tid}/schedstat`, "utf8").catch(() => "0"));
  return (await Promise.all(files)).reduce((sum, text) => sum + Number(text.split(" ")[0]) / 1e6, 0);
}

async function rssMb(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

function report(streams: number, subjects: readonly Subject[]): void {
  console.log(`\n${streams} stream${streams === 1 ? "" : "s"} of ${1_000 / EVERY_MS} pieces a second; ms`);
  console.log(
    "          |  later pieces: p50    p99   added p50   added p99 | first second p99 | pieces/s  CPU %  CPU µs a piece  RSS MB",
  );
  const base = all(subjects[0], streams, "took");
  for (const subject of subjects) {
    const took = all(subject, streams, "took");
    const results = subject.results.get(streams) ?? [];
    const mean = (value: (each: Result) => number) => results.reduce((sum, each) => sum + value(each), 0) / ROUNDS;
    const [cpu, perSecond] = [mean((each) => each.cpu), mean((each) => each.perSecond)];
    const added = (of: number) => (subject === subjects[0] ? "" : (at(took, of) - at(base, of)).toFixed(2));
    const cells: readonly (readonly [string, number])[] = [
      [at(took, 0.5).toFixed(2), 21],
      [at(took, 0.99).toFixed(2), 6],
      [added(0.5), 11],
      [added(0.99), 11],
      [at(all(subject, streams, "first"), 0.99).toFixed(1), 18],
      [perSecond.toFixed(0), 10],
      [(cpu / 10).toFixed(1), 6],
      [((cpu * 1_000) / perSecond).toFixed(0), 15],
      [(results.at(-1)?.rssMb ?? Number.NaN).toFixed(0), 7],
    ];
    console.log([subject.name.padEnd(8), ...cells.map(([text, width]) => text.padStart(width))].join(" "));
  }
}

function all(subject: Subject | undefined, streams: number, which: "first" | "took"): readonly number[] {
  return (subject?.results.get(streams) ?? []).flatMap((result) => result[which]).sort((a, b) => a - b);
}

function at(sorted: readonly number[], quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN;
}
