import { type Agent, AgentError, type AgentEvent, type AgentTurn } from "../../../../src/agent/agent.ts";
import type { LineParts } from "../../../../src/agent/model/line.ts";
import { openModelAgent } from "../../../../src/agent/model/model-agent.ts";
import type { ToolResult, Tools } from "../../../../src/agent/tools/tools.ts";
import { Log } from "../../../../src/observe/log.ts";
import { ManualClock } from "../../../support/clock.ts";

export const KEY = "sk-test-0123456789abcdef";

export type ModelConfig = Parameters<typeof openModelAgent>[0];

/** An agent for the server at `base_url`, with the log it writes and the clock it lives by. */
export function agentAt(base_url: string, about: Partial<ModelConfig> = {}, own: Partial<LineParts> = {}) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = new Log({ clock, write: (line) => lines.push(line), format: "json", level: "debug" });
  const random = { bytes: (length: number) => new Uint8Array(length) };
  const config = {
    provider: undefined,
    base_url,
    model: "test-model",
    api_key: KEY,
    system_prompt: undefined,
    context_tokens: 32_768,
    max_output_tokens: undefined,
    ...about,
  };
  const agent = openModelAgent(config, { clock, random, log, fetch, ...own });
  return { agent, clock, lines };
}

/** `fetch` for a base URL that names no loopback address, so that the agent takes the server for a remote one. */
export function asIfRemote(url: string): { readonly url: string; readonly fetch: typeof fetch } {
  const remote = "https://models.example/v1";
  const ask = (input: string | URL | Request, init?: RequestInit) =>
    fetch(String(input instanceof Request ? input.url : input).replace(remote, url), init);
  return { url: remote, fetch: Object.assign(ask, { preconnect: fetch.preconnect }) };
}

export function turnOf(text: string, about: Partial<AgentTurn> = {}): AgentTurn {
  return {
    run_id: "run-1",
    session_id: "device:a",
    attempt: 1,
    origin: "http",
    reach: "owner",
    device_id: "device-a",
    text,
    event: null,
    goesBack: false,
    once: false,
    instructions: null,
    history: async () => [],
    tools: async () => null,
    ...about,
  };
}

/** Everything the agent says in one turn. */
export async function eventsOf(agent: Agent, turn: AgentTurn, signal = new AbortController().signal) {
  const said: AgentEvent[] = [];
  for await (const event of agent.run(turn, signal)) said.push(event);
  return said;
}

export function textOf(events: readonly AgentEvent[]): string {
  return events.map((event) => (event.type === "delta" ? event.content : "")).join("");
}

/** What the agent fails with. */
export async function failureOf(agent: Agent, turn = turnOf("Hello")): Promise<AgentError> {
  const error = await eventsOf(agent, turn).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof AgentError) return error;
  throw new Error(`Not an AgentError: ${String(error)}`);
}

/** One tool, `look`, that does what a test says. */
export function toolsOf(call: (input: unknown) => ToolResult | Promise<ToolResult>): Tools {
  const schema = { type: "object", properties: { for: { type: "string" } } };
  const spec = { name: "look", title: "Look", about: "Looks something up.", schema, readOnly: true };
  return { specs: [spec], call: async (_name, input) => call(input) };
}

/** Lets what can go on without time passing go on, sockets included. */
export async function untilTrue(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2_000 && !condition(); i += 1) await new Promise((resolve) => setTimeout(resolve, 1));
  if (!condition()) throw new Error("It never became true");
}
