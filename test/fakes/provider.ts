import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { type Fault, type FaultPlan, Faults, isFault } from "./faults.ts";
import { seeded } from "./seeded.ts";

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | null;
  readonly body: string;
}

export interface Said {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is special about one provider. Everything it does is done in one turn: a call is accepted wholly or not at all. */
export interface Provider {
  /** The item that a call wants done; null for what changes nothing, which never fails unless ordered to. */
  itemOf(call: Call): string | null;
  /** Does what is asked and says so; also every 4xx. */
  serve(call: Call): Said;
  refuse(fault: "error" | "throttle"): Said;
  /** What it has done, for `GET /_counts`. */
  counts(): object;
}

/**
 * Runs a provider as a process of its own, so that it outlives a gateway that is killed and its counts are the truth:
 * `bun test/fakes/graph.ts [--seed n] [--rates '{"error":0.1}'] [--latency ms] [--hang ms]`. Prints `port: n`.
 * `GET /_counts` tells what was done, `POST /_faults` with a JSON list orders the next faults.
 */
export function runProvider(provider: Provider): void {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      rates: { type: "string", default: "{}" },
      latency: { type: "string", default: "0" },
      hang: { type: "string", default: "2000" },
    },
  });
  const seed = Number(values.seed);
  const random = seeded(seed);
  const faults = new Faults({ seed, rates: ratesOf(values.rates) });
  const met: Record<string, number> = {};
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => request.socket.destroy());
  });
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") console.log(`port: ${address.port}`);
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await callOf(request);
    if (call.path === "/_counts") return say(response, { status: 200, body: { ...provider.counts(), faults: met } });
    if (call.path === "/_faults") {
      faults.order(faultsIn(call.body));
      return say(response, { status: 200, body: {} });
    }
    const item = provider.itemOf(call);
    const fault = item === null ? null : faults.next(item);
    if (fault !== null) met[fault] = (met[fault] ?? 0) + 1;
    // At once: a real provider also goes on with a request whose sender is gone.
    const said = fault === null || fault === "cut-after" ? provider.serve(call) : null;
    await Bun.sleep(fault === "hang" ? Number(values.hang) : random() * Number(values.latency));
    if (said !== null && fault === null) say(response, said);
    else if (fault === "error" || fault === "throttle") say(response, provider.refuse(fault));
    else request.socket.destroy();
  }
}

async function callOf(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const url = new URL(request.url ?? "/", "http://provider");
  return {
    method: request.method ?? "GET",
    path: url.pathname,
    query: url.searchParams,
    authorization: request.headers.authorization ?? null,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

function say(response: ServerResponse, { status, body, headers = {} }: Said): void {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

function ratesOf(text: string): FaultPlan["rates"] {
  const given: unknown = JSON.parse(text);
  const rates: Partial<Record<Fault, number>> = {};
  for (const [name, rate] of Object.entries(given ?? {})) {
    if (!isFault(name) || typeof rate !== "number") throw new Error(`Cannot read --rates: "${name}" is no fault`);
    rates[name] = rate;
  }
  return rates;
}

function faultsIn(text: string): readonly Fault[] {
  const given: unknown = JSON.parse(text);
  if (!Array.isArray(given) || !given.every(isFault)) throw new Error(`Cannot order these faults: ${text}`);
  return given;
}
