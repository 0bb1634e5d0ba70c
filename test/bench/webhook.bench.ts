/**
 * A signed GitHub delivery, on disk before the answer, against programs that keep nothing: `bun test/bench/webhook.bench.ts`
 * after `bun run build`. One load generator (wrk) sends all of them the same 8 KB payload of @octokit/webhooks-examples, each time
 * under a delivery id of its own, which is a header: the signature stays good. In one run, in turns; whoever is not measured is
 * stopped (SIGSTOP).
 *
 *   bare      a compiled Bun.serve that parses the JSON and answers 202; no signature, nothing stored
 *   verify    Debian's webhook (adnanh, Go) with a rule that checks the HMAC and then asks for a value that is not there: the most
 *             it can do without starting a program. It answers 200 and keeps nothing
 *   execute   the same with a rule that matches and runs /bin/true, as it is used; it answers before the program has ended
 *   ours      the gateway: signature, event and body synced to disk, delivery id known again after a restart
 *   million   the same with a million events in its inbox
 *
 * The gateway's channel allows no repository, so that events are stored and settled, but no agent runs: the others have none.
 * Needs Linux and wrk, and for two of them webhook (apt-get install wrk webhook). Figures are in docs/durability.md.
 */
import { Database } from "bun:sqlite";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { systemClock } from "../../src/lib/clock.ts";
import { newId } from "../../src/lib/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import type { NewEvent } from "../../src/store/store.ts";
import { GITHUB_SECRET, githubHeaders } from "../crash/deliveries.ts";
import { BINARY, eventually, GatewayProcess } from "../support/gateway-process.ts";

const CONNECTIONS = [1, 16, 64, 256] as const;
const ROUNDS = 3;
const SECONDS = 3;
const STORED = 1_000_000;
/** Filling the inbox ends then, with as many as there are. */
const FILL_MS = 240_000;
const GROUP = 512;

const CONFIG = `
[gateway.rate_limit]
max_requests_per_window = 1000000
[channels.github]
secret = "${GITHUB_SECRET}"
`;
const BARE = `
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, async fetch(request) {
  await request.json();
  return new Response('{"status":"accepted"}', { status: 202, headers: { "Content-Type": "application/json" } });
} });
console.log("port: " + server.port);`;

interface Subject {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly results: Map<number, Result[]>;
}

interface Result {
  readonly perSecond: number;
  readonly p99: string;
  readonly requests: number;
}

if (!Bun.which("wrk")) {
  console.log("Skipped: wrk is not installed (apt-get install wrk)");
  process.exit(0);
}
const dir = await mkdtemp(join(tmpdir(), "zeroclaw-bench-"));
const { event, body } = payload();
const script = join(dir, "deliver.lua");
await writeFile(join(dir, "body.json"), body);
await writeFile(script, lua());
const children: Subprocess[] = [];
/** Part of every delivery id, so that no run repeats another's. */
let runs = 0;
try {
  await run();
} finally {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map((child) => child.exited));
  await rm(dir, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const subjects = [await bare(), ...(await debianWebhook())];
  await using ours = await GatewayProcess.start(BINARY, { config: CONFIG, dir: await mkdtemp(join(dir, "ours-")) });
  const full = await mkdtemp(join(dir, "full-"));
  const stored = await fill(join(full, "state.db"));
  await using million = await GatewayProcess.start(BINARY, { config: CONFIG, dir: full });
  subjects.push(ofGateway("ours", ours), ofGateway("million", million));
  console.log(
    `${event}, ${body.length} bytes; "million" has ${stored} stored events; ${ROUNDS} rounds of ${SECONDS} s each`,
  );
  for (const subject of subjects) process.kill(subject.pid, "SIGSTOP");
  for (let round = 0; round < ROUNDS; round += 1)
    for (const connections of CONNECTIONS) for (const subject of subjects) await measure(subject, connections);
  for (const subject of subjects) process.kill(subject.pid, "SIGCONT");
  report(subjects);
  for (const [gateway, before, subject] of [
    [ours, 0, subjects.at(-2)!],
    [million, stored, subjects.at(-1)!],
  ] as const)
    requireStored(join(gateway.dir, "state.db"), before, subject);
}

async function measure(subject: Subject, connections: number): Promise<void> {
  process.kill(subject.pid, "SIGCONT");
  runs += 1;
  try {
    const load = ["-t1", `-c${connections}`, `-d${SECONDS}s`, "--timeout", "10s", "--latency"];
    const args = [...load, "-s", script, subject.url, "--", String(runs)];
    const text = await Bun.spawn(["wrk", ...args], { stdout: "pipe", cwd: dir }).stdout.text();
    if (/Non-2xx|Socket errors/.test(text) || !text.includes("Requests/sec:"))
      throw new Error(`Some deliveries to ${subject.name} failed:\n${text}`);
    const result = {
      perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
      p99: /^ +99% +(\S+)/m.exec(text)?.[1] ?? "?",
      requests: Number(/(\d+) requests in/.exec(text)?.[1]),
    };
    subject.results.set(connections, [...(subject.results.get(connections) ?? []), result]);
  } finally {
    process.kill(subject.pid, "SIGSTOP");
  }
}

/** The median round of each, by deliveries a second. */
function report(subjects: readonly Subject[]): void {
  console.log(`| connections | ${subjects.map(({ name }) => `${name}, /s | p99`).join(" | ")} |`);
  for (const connections of CONNECTIONS) {
    const cells = subjects.map(({ results }) => {
      const sorted = (results.get(connections) ?? []).toSorted((a, b) => a.perSecond - b.perSecond);
      const { perSecond, p99 } = sorted[sorted.length >> 1]!;
      return `${Math.round(perSecond)} | ${p99}`;
    });
    console.log(`| ${connections} | ${cells.join(" | ")} |`);
  }
}

/** A fast answer that stored nothing is no answer. @throws Error */
function requireStored(path: string, before: number, { name, results }: Subject): void {
  const answered = [...results.values()].flat().reduce((sum, { requests }) => sum + requests, 0);
  using db = new Database(path, { readonly: true });
  const stored = db.query<{ n: number }, []>("SELECT count(*) AS n FROM events").get()?.n ?? 0;
  if (stored < before + answered)
    throw new Error(`${name}: ${answered} were answered 2xx, but only ${stored - before} are stored`);
  console.log(`${name}: ${answered} answered, ${stored - before} stored`);
}

function ofGateway(name: string, gateway: GatewayProcess): Subject {
  return { name, url: `${gateway.url}/webhook/github`, pid: gateway.pid, results: new Map() };
}

async function bare(): Promise<Subject> {
  const file = join(dir, "bare.ts");
  await writeFile(file, BARE);
  const out = join(dir, "bare");
  const args = ["build", "--compile", "--minify", "--bytecode", "--format=esm", "--production", file, "--outfile", out];
  const build = Bun.spawnSync([process.execPath, ...args], { cwd: dir, stdout: "ignore", stderr: "pipe" });
  if (build.exitCode !== 0) throw new Error(`Cannot compile the bare server:\n${build.stderr.toString()}`);
  const child = Bun.spawn([out], { stdout: "pipe" });
  children.push(child);
  for await (const chunk of child.stdout) {
    const port = /port: (\d+)/.exec(new TextDecoder().decode(chunk))?.[1];
    if (port) return { name: "bare", url: `http://127.0.0.1:${port}/`, pid: child.pid, results: new Map() };
  }
  throw new Error("The bare server ended without saying where it listens");
}

/** Debian's `webhook`, one process with both hooks; each of its subjects is stopped and continued as that process. */
async function debianWebhook(): Promise<readonly Subject[]> {
  if (!Bun.which("webhook")) {
    console.log("Skipped: webhook is not installed (apt-get install webhook)");
    return [];
  }
  const signed = {
    match: {
      type: "payload-hmac-sha256",
      secret: GITHUB_SECRET,
      parameter: { source: "header", name: "X-Hub-Signature-256" },
    },
  };
  const absent = { match: { type: "value", value: "never", parameter: { source: "payload", name: "action" } } };
  const hooks = [
    { id: "verify", "execute-command": "/bin/true", "trigger-rule": { and: [signed, absent] } },
    { id: "execute", "execute-command": "/bin/true", "trigger-rule": signed },
  ];
  await writeFile(join(dir, "hooks.json"), JSON.stringify(hooks));
  const port = await freePort();
  const child = Bun.spawn(["webhook", "-hooks", "hooks.json", "-ip", "127.0.0.1", "-port", String(port)], {
    cwd: dir,
    stdout: "ignore",
    stderr: "ignore",
  });
  children.push(child);
  const address = (id: string) => `http://127.0.0.1:${port}/hooks/${id}`;
  await eventually("webhook listens", async () => fetch(address("")).catch(() => null));
  await requireRule(address("verify"), "Hook rules were not satisfied.");
  await requireRule(address("execute"), "");
  return ["verify", "execute"].map((id) => ({ name: id, url: address(id), pid: child.pid, results: new Map() }));
}

/** That the rule does what its column says. @throws Error */
async function requireRule(url: string, expected: string): Promise<void> {
  const response = await fetch(url, { method: "POST", headers: githubHeaders("check", event, body), body });
  const text = await response.text();
  if (response.status !== 200 || text !== expected) throw new Error(`${url} says ${response.status} "${text}"`);
}

async function freePort(): Promise<number> {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server;
  await server.stop(true);
  return port!;
}

/** Accepts and settles events through the store itself, each of another conversation. Returns how many there are. */
async function fill(path: string): Promise<number> {
  const store = await openSqliteStore({ path, clock: systemClock });
  const began = performance.now();
  let count = 0;
  while (count < STORED && performance.now() - began < FILL_MS) {
    await Promise.all(Array.from({ length: GROUP }, (_, i) => store.events.accept(storedEvent(count + i))));
    const claimed = await store.events.claim(GROUP, systemClock.now());
    await Promise.all(
      claimed.map(({ event_id, attempts }) => store.events.complete(event_id, attempts, systemClock.now(), "stored")),
    );
    count += GROUP;
  }
  await store.close();
  console.log(`${count} events stored in ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  return count;
}

function storedEvent(n: number): NewEvent {
  const now = systemClock.now();
  return {
    event_id: newId(now),
    source: "github",
    type: "push",
    delivery_id: crypto.randomUUID(),
    session_id: `github:octo.hello:${n}`,
    device_id: null,
    received_at: now,
    content_type: "application/json",
    headers: { "content-type": "application/json", "user-agent": "GitHub-Hookshot/abc1234" },
    body: new TextEncoder().encode(`{"ref":"refs/heads/main","n":${n},"filler":"${"x".repeat(250)}"}`),
  };
}

interface Example {
  readonly name: string;
  readonly examples: readonly object[];
}

/** The example whose size is nearest to 8 KB, the median of them all. */
function payload(): { readonly event: string; readonly body: string } {
  // as: a JSON file of that shape.
  const all = createRequire(import.meta.url)(
    "@octokit/webhooks-examples/api.github.com/index.json",
  ) as readonly Example[];
  const bodies = all.flatMap(({ name, examples }) =>
    examples.map((one) => ({ event: name, body: JSON.stringify(one) })),
  );
  const away = (text: string) => Math.abs(Buffer.byteLength(text) - 8_192);
  return bodies.reduce((best, one) => (away(one.body) < away(best.body) ? one : best));
}

/** Builds each request from three parts, so that the load generator does little; ids are as random as GitHub's. */
function lua(): string {
  const { "X-GitHub-Delivery": _, ...headers } = githubHeaders("", event, body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\\r\\n`);
  return `
local file = io.open("${join(dir, "body.json")}", "rb")
local body = file:read("*a")
file:close()
local tail = "\\r\\n${lines.join("")}Content-Length: " .. #body .. "\\r\\n\\r\\n" .. body
local head
local run
function init(args)
  run = tonumber(args[1])
  math.randomseed(run)
  head = "POST " .. wrk.path .. " HTTP/1.1\\r\\nHost: " .. wrk.host .. "\\r\\nX-GitHub-Delivery: "
end
local r = math.random
function request()
  local id = string.format("%08x-%04x-%04x-%04x-%08x%04x", r(0, 0x7fffffff), r(0, 0xffff), r(0, 0xffff), r(0, 0xffff), r(0, 0x7fffffff), run)
  return head .. id .. tail
end
`;
}
