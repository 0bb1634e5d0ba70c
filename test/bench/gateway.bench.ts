/**
 * The executable against the least a Bun server can be, in one run: time to the first answer, idle memory, and
 * `POST /webhook` (token, limiter, an event synced to disk before the 202) against a raw `Bun.serve` that reads the JSON and
 * answers 202. Needs `wrk` (Debian: apt-get install wrk) and `dist/zeroclaw`. Rounds alternate, medians are compared.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BINARY, GatewayProcess } from "../support/gateway-process.ts";

const ROUNDS = 5;
const STARTS = 15;
const SECONDS = 4;
const CONNECTIONS = 64;

const EMPTY = `Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, fetch: () => new Response("ok") });`;
const RAW = `
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", development: false, async fetch(request) {
  await request.json();
  return new Response('{"status":"accepted"}', { status: 202, headers: { "Content-Type": "application/json" } });
} });
console.log("port", server.port);`;
const EVENT = JSON.stringify({ type: "deploy", repository: "web", status: "ok", text: "x".repeat(900) });

const dir = await mkdtemp(join(tmpdir(), "zeroclaw-bench-"));
try {
  await starts();
  await webhooks();
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function starts(): Promise<void> {
  const empty = [await compile("empty", EMPTY.replace("port: 0", "port: Number(process.argv[2])"))];
  const home = join(dir, "home");
  const ours: number[] = [];
  const theirs: number[] = [];
  const memory: { readonly ours: number[]; readonly theirs: number[] } = { ours: [], theirs: [] };
  for (let i = 0; i < STARTS; i += 1) {
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    theirs.push(await firstAnswer([...empty, String(port)], port, {}, memory.theirs));
    ours.push(
      await firstAnswer(
        [...BINARY, "gateway", "-p", String(port + 1)],
        port + 1,
        { ZEROCLAW_CONFIG_DIR: home },
        memory.ours,
      ),
    );
  }
  report("start to first answer, ms", median(ours), median(theirs), "at most 3");
  report("idle RSS, MB", median(memory.ours), median(memory.theirs), "at most 1.5");
}

async function webhooks(): Promise<void> {
  const raw = Bun.spawn([await compile("raw", RAW)], { stdout: "pipe" });
  const gateway = await GatewayProcess.start(BINARY, {
    config: "[gateway.rate_limit]\nmax_requests_per_window = 1000000\n",
  });
  try {
    const token = await gateway.pair();
    const script = join(dir, "post.lua");
    await writeFile(
      script,
      `wrk.method = "POST"\nwrk.body = [[${EVENT}]]\nwrk.headers["Content-Type"] = "application/json"\nwrk.headers["Authorization"] = "Bearer ${token}"\n`,
    );
    const first = await raw.stdout.getReader().read();
    const rawUrl = `http://127.0.0.1:${new TextDecoder().decode(first.value).trim().split(" ")[1]}/`;
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let i = 0; i < ROUNDS; i += 1) {
      theirs.push(await load(rawUrl, script));
      ours.push(await load(`${gateway.url}/webhook`, script));
    }
    report("POST /webhook, requests/s", median(ours), median(theirs), "at least 0.40");
  } finally {
    raw.kill();
    await gateway.remove();
  }
}

async function compile(name: string, source: string): Promise<string> {
  const file = join(dir, `${name}.ts`);
  await writeFile(file, source);
  const out = join(dir, name);
  const args = ["build", "--compile", "--minify", "--bytecode", file, "--outfile", out];
  if (Bun.spawnSync([process.execPath, ...args], { cwd: dir, stdout: "ignore", stderr: "ignore" }).exitCode !== 0) {
    throw new Error(`Cannot compile ${name}`);
  }
  return out;
}

async function firstAnswer(
  command: string[],
  port: number,
  env: Record<string, string>,
  rss: number[],
): Promise<number> {
  const began = performance.now();
  const child = Bun.spawn(command, { env: { ...process.env, ...env }, cwd: dir, stdout: "ignore", stderr: "ignore" });
  while (!(await answers(port))) await Bun.sleep(0);
  const ms = performance.now() - began;
  await Bun.sleep(300);
  const status = await Bun.file(`/proc/${child.pid}/status`).text();
  rss.push(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  child.kill("SIGTERM");
  await child.exited;
  return ms;
}

async function answers(port: number): Promise<boolean> {
  try {
    await (await fetch(`http://127.0.0.1:${port}/health`)).text();
    return true;
  } catch {
    return false;
  }
}

async function load(url: string, script: string): Promise<number> {
  const wrk = Bun.spawn(["wrk", "-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`, "-s", script, url], { stdout: "pipe" });
  const text = await wrk.stdout.text();
  if (/Non-2xx/.test(text)) throw new Error(`Some requests failed:\n${text}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function report(what: string, ours: number, theirs: number, target: string): void {
  console.log(
    `${what.padEnd(28)} ${ours.toFixed(1)} against ${theirs.toFixed(1)}: ratio ${(ours / theirs).toFixed(2)} (${target})`,
  );
}
