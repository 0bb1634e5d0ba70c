import OpenAI from "openai";
import type { Context, Handler } from "../../../src/api/context.ts";
import type { AskParts } from "../../../src/api/openai/asking.ts";
import { chatCompletions } from "../../../src/api/openai/chat.ts";
import { openaiError } from "../../../src/api/openai/errors.ts";
import { getModel, listModels } from "../../../src/api/openai/models.ts";
import { responses } from "../../../src/api/openai/responses.ts";
import type { ApiParts } from "../../../src/api/parts.ts";
import type { Answer } from "../../../src/http/answer.ts";
import { Log } from "../../../src/observe/log.ts";
import { Problem } from "../../../src/protocol/problem.ts";
import { Once } from "../../../src/runs/once.ts";
import { quiet } from "../../support/agent.ts";
import { OWNER, World } from "../../support/socket.ts";

/** The handlers of `/v1` on a real port, over an agent that a test speaks for; time is told. */
export class Served implements AsyncDisposable {
  readonly world = new World();
  readonly once: Once;
  readonly lines: string[] = [];
  readonly leaving = new AbortController();
  /** What every connection was told about its silence. */
  readonly held: (number | "let go")[] = [];
  /** Who wants to know of a device that ends. */
  readonly listeners = new Set<(device_id: string) => void>();
  /** Answers instead of the handlers. */
  instead: (() => Problem | null) | null = null;
  requests = 0;
  readonly #server: Bun.Server<undefined>;
  readonly #handlers: Readonly<Record<string, Handler>>;

  constructor() {
    const { agent, clock, access, runs, streams } = this.world;
    const log = new Log({ clock, write: (line) => void this.lines.push(line), format: "json", level: "info" });
    this.once = new Once({ agent, clock, log, timeoutMs: 300_000, toolsFor: async () => null });
    const devices = {
      onEnded: (listener: (device_id: string) => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    };
    const parts: AskParts = {
      ...{ agent, clock, access, runs, streams, log, once: this.once },
      devices: devices as unknown as ApiParts["devices"], // what the handlers ask of it
      leaving: this.leaving.signal,
    };
    this.#handlers = {
      "GET /v1/models": listModels(parts),
      "POST /v1/chat/completions": chatCompletions(parts),
      "POST /v1/responses": responses(parts),
      "GET /v1/models/:id": getModel(parts),
    };
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 30,
      fetch: (request) => this.#answer(request),
    });
  }

  get agent() {
    return this.world.agent;
  }

  get clock() {
    return this.world.clock;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/v1`;
  }

  /** OpenAI's own client. It does not ask again by itself unless `maxRetries` says so. */
  openai(options: { readonly apiKey?: string; readonly maxRetries?: number } = {}): OpenAI {
    return new OpenAI({ baseURL: this.url, apiKey: OWNER, maxRetries: 0, ...options });
  }

  post(path: string, body: object | string, headers: Readonly<Record<string, string>> = {}, signal?: AbortSignal) {
    return fetch(`${this.url}${path}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${OWNER}`, "Content-Type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Ends a device as `devices revoke` does. */
  end(device_id: string): void {
    for (const listener of [...this.listeners]) listener(device_id);
  }

  /** Waits for the network, not for the clock. */
  async until(what: string, condition: () => boolean): Promise<void> {
    for (let turn = 0; turn < 5_000; turn += 1) {
      if (condition()) return;
      await quiet();
    }
    throw new Error(`Waited in vain: ${what}\n${this.lines.join("")}`);
  }

  /** The agent's turn, once it has been given one. */
  async turn(count = 1) {
    await this.until(`turn ${count}`, () => this.agent.turns.length >= count);
    return this.agent.last;
  }

  async #answer(request: Request): Promise<Response> {
    this.requests += 1;
    const request_id = `request-${this.requests}`;
    let answer: Answer;
    try {
      const problem = this.instead?.() ?? null;
      if (problem) throw problem;
      answer = await this.#handle(request, request_id);
    } catch (error) {
      answer = openaiError(error instanceof Problem ? error : new Problem("internal", { cause: error }), request_id);
    }
    const type: Record<string, string> = answer.type === undefined ? {} : { "Content-Type": answer.type };
    const headers = { "X-Request-Id": request_id, ...type, ...answer.headers };
    return new Response(answer.body, { status: answer.status, headers });
  }

  async #handle(request: Request, request_id: string): Promise<Answer> {
    const principal = this.world.devices.get((request.headers.get("authorization") ?? "").replace("Bearer ", ""));
    if (!principal) throw new Problem("unauthorized", { detail: "The token is not valid." });
    const path = new URL(request.url).pathname;
    const model = /^\/v1\/models\/(.+)$/.exec(path)?.[1];
    const handler = this.#handlers[`${request.method} ${model === undefined ? path : "/v1/models/:id"}`];
    if (!handler) throw new Problem("not_found", { detail: `There is nothing at ${request.method} ${path}.` });
    const context = {
      ...{ request, request_id, path, principal },
      params: model === undefined ? {} : { id: decodeURIComponent(model) },
      body: () => request.bytes(),
      hold: (seconds: number) => {
        this.held.push(seconds);
        this.#server.timeout(request, seconds);
      },
      letGo: () => void this.held.push("let go"),
    };
    return handler(context as unknown as Context); // all of it that these handlers use
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
    this.world.streams.stop();
  }
}

/** The `data:` of server-sent events as it stands on the wire, comments left out. */
export async function dataOf(response: Response): Promise<readonly string[]> {
  const lines = (await response.text()).split("\n");
  return lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6));
}

/** What a request of OpenAI's client fails with; null when it does not. */
export async function failureOf(asked: PromiseLike<unknown>): Promise<unknown> {
  try {
    await asked;
    return null;
  } catch (error) {
    return error;
  }
}

/** The body of an answer, whose shape the test says. */
export async function bodyOf<T = { readonly error: Readonly<Record<string, unknown>> }>(answer: Response): Promise<T> {
  return JSON.parse(await answer.text());
}
