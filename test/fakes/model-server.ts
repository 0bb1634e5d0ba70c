/**
 * A model server as the outside sees one: OpenAI's `/v1/models` and `/v1/chat/completions`, Anthropic's `/v1/messages`.
 * What it answers is scripted request by request, the ways in which real servers fail included. By hand:
 * `bun test/fakes/model-server.ts --port 0` prints its URL and repeats what it is told, word by word; a message with
 * "slow" in it waits 50 ms between words, one with "tool:" calls the first tool that is offered.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import {
  AnthropicStream,
  type Counted,
  chunksOf,
  isAnthropic,
  type ModelRequest,
  OpenAiStream,
  type Part,
  whole,
} from "./model-wire.ts";

export type { Counted, ModelRequest, Part } from "./model-wire.ts";

export type Reply =
  | { readonly parts: readonly Part[] }
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: string };

/** What is answered to one request, or how that follows from the request. */
export type Script = Reply | ((request: ModelRequest) => Reply);

/** Says the pieces and ends as it should. */
export function answer(...pieces: readonly string[]): Reply {
  return { parts: [...pieces.map((say) => ({ say })), ending("stop")] };
}

export function ending(end: "stop" | "length" | "tool" | "filter", usage: Counted = { input: 12, output: 5 }): Part {
  return { end, usage };
}

/** Says the pieces, then the connection is gone. */
export function cutAfter(...pieces: readonly string[]): Reply {
  return { parts: [...pieces.map((say) => ({ say })), { cut: true }] };
}

/** Calls a tool; the input comes in three fragments. */
export function callTool(name: string, input: unknown, id = "call_1"): Reply {
  const json = JSON.stringify(input);
  const third = Math.ceil(json.length / 3);
  const fragments = [json.slice(0, third), json.slice(third, 2 * third), json.slice(2 * third)];
  return { parts: [{ call: name, id, fragments }, ending("tool")] };
}

/** An error in the shape of the wire that was spoken. */
export function refuse(status: number, message: string, headers: Readonly<Record<string, string>> = {}): Script {
  return (request) => {
    const error = { type: "api_error", message, code: null };
    const body = JSON.stringify(isAnthropic(request) ? { type: "error", error } : { error });
    return { status, headers: { "content-type": "application/json", ...headers }, body };
  };
}

export function html(status: number, title: string): Reply {
  const body = `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return { status, headers: { "content-type": "text/html" }, body };
}

/** A wait that ends when the test says so. */
export function gate(): { readonly part: Part; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { part: { wait: promise }, open: resolve };
}

/** The default: repeats the last thing said, word by word. */
export function echo(request: ModelRequest): Reply {
  const last = request.body.messages?.at(-1);
  const result = toolResultOf(last);
  if (result !== null) return { parts: [...words(`The tool said: ${result}`, false), ending("stop")] };
  const text = textOf(last?.content);
  const tool = request.body.tools?.[0];
  const name = tool?.function?.name ?? tool?.name;
  if (text.includes("tool:") && typeof name === "string") return callTool(name, inputIn(text));
  return { parts: [...words(text === "" ? "Nothing was said." : text, text.includes("slow")), ending("stop")] };
}

export class ModelServer {
  /** The base URL, as `agent.base_url` takes it. */
  readonly url: string;
  /** Every request, in the order in which their bodies were complete. */
  readonly requests: ModelRequest[] = [];
  /** What `GET /v1/models` lists. */
  models: readonly string[] = ["test-model", "other-model"];
  /** Answers what no script in the queue does. */
  fallback: Script;
  readonly #server: Server;
  readonly #queue: Script[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  private constructor(server: Server, port: number, fallback: Script) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}/v1`;
    this.fallback = fallback;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      void this.#serve(request, response).catch(() => request.socket.destroy());
    });
  }

  static async start(fallback: Script = echo, port = 0): Promise<ModelServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address !== "object") throw new Error("The model server has no port");
    return new ModelServer(server, address.port, fallback);
  }

  /** Questions to a model, without the look-ups of its name. */
  get asked(): readonly ModelRequest[] {
    return this.requests.filter(({ method }) => method === "POST");
  }

  /** What the next questions are answered, one script each. */
  next(...scripts: readonly Script[]): void {
    this.#queue.push(...scripts);
  }

  /** Forgets the scripts that nothing has asked for. */
  clear(): void {
    this.#queue.length = 0;
  }

  /** Resolves with question number `count` (the first is 1), when it has been asked. */
  async arrived(count = 1): Promise<ModelRequest> {
    if (this.asked.length < count) await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    return this.asked[count - 1]!;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const request = await requestOf(incoming, over);
    response.on("close", () => {
      request.disconnected = !response.writableFinished;
      resolve();
    });
    this.requests.push(request);
    for (const { count, resolve: tell } of this.#waiting) if (this.asked.length >= count) tell();
    if (request.method === "GET") return this.#list(request, response);
    const script = this.#queue.shift() ?? this.fallback;
    const reply = typeof script === "function" ? script(request) : script;
    if ("status" in reply) {
      response.writeHead(reply.status, reply.headers ?? {});
      response.end(reply.body);
    } else if (request.body.stream === true) await stream(request, response, reply.parts);
    else send(response, 200, whole(request, reply.parts));
  }

  #list({ path }: ModelRequest, response: ServerResponse): void {
    const data = this.models.map((id) => ({ id, object: "model", created: 0, owned_by: "test" }));
    if (path === "/v1/models") send(response, 200, { object: "list", data });
    else send(response, 404, { error: { message: `No route for ${path}` } });
  }
}

async function requestOf(incoming: IncomingMessage, over: Promise<void>): Promise<ModelRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString("utf8");
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
  const path = (incoming.url ?? "/").split("?")[0] ?? "/";
  return { method: incoming.method ?? "GET", path, headers, text, body: jsonIn(text), disconnected: false, over };
}

async function stream(request: ModelRequest, response: ServerResponse, parts: readonly Part[]): Promise<void> {
  const wire = isAnthropic(request) ? new AnthropicStream(request) : new OpenAiStream(request);
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  response.flushHeaders();
  const write = async (bytes: string): Promise<void> => {
    if (bytes === "" || response.destroyed || response.write(bytes)) return;
    await Promise.race([new Promise((resolve) => response.once("drain", resolve)), request.over]);
  };
  await write(wire.begin());
  for (const part of parts) {
    if (response.destroyed) return;
    if ("cut" in part) {
      // What was written must leave first, or the client never sees it.
      await new Promise((resolve) => setImmediate(resolve));
      response.socket?.destroy();
      return;
    }
    if ("wait" in part) await Promise.race([part.wait, request.over]);
    else if ("pauseMs" in part) await Promise.race([Bun.sleep(part.pauseMs), request.over]);
    else if ("raw" in part) await write(part.raw);
    else if ("forever" in part) {
      while (!response.destroyed) {
        await write(wire.part({ say: part.forever }));
        await new Promise((resolve) => setImmediate(resolve));
      }
    } else for (const chunk of chunksOf(part)) await write(wire.part(chunk));
  }
  response.end();
}

function words(text: string, slow: boolean): readonly Part[] {
  return text.split(/(?<= )/).flatMap((say): Part[] => (slow ? [{ say }, { pauseMs: 50 }] : [{ say }]));
}

// biome-ignore lint/suspicious/noExplicitAny: a message of either wire
function toolResultOf(message: any): string | null {
  if (message?.role === "tool") return textOf(message.content);
  if (!Array.isArray(message?.content)) return null;
  const block = message.content.find((each: { type?: unknown }) => each?.type === "tool_result");
  return block === undefined ? null : textOf(block.content);
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((block) => block?.text ?? "").join("") : "";
}

/** What stands after `tool:`, as far as it is JSON. */
function inputIn(text: string): unknown {
  return jsonIn(text.slice(text.indexOf("tool:") + "tool:".length));
}

// biome-ignore lint/suspicious/noExplicitAny: whatever was sent
function jsonIn(text: string): any {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: "string", default: "0" } } });
  const server = await ModelServer.start(echo, Number(values.port));
  console.log(server.url);
}
