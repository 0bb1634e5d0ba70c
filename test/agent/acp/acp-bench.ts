import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAcpAgent } from "../../../src/agent/acp/acp-agent.ts";
import { type AcpSystem, systemAcp } from "../../../src/agent/acp/system.ts";
import {
  type Agent,
  AgentError,
  type AgentEvent,
  type AgentTurn,
  type HistoryMessage,
} from "../../../src/agent/agent.ts";
import type { AgentParts } from "../../../src/agent/agent-parts.ts";
import type { AgentConfig } from "../../../src/agent/agents.ts";
import { Log } from "../../../src/observe/log.ts";
import type { AcpFakeOptions } from "../../fakes/acp-agent.ts";
import { ManualClock } from "../../support/clock.ts";

export const FAKE = join(import.meta.dir, "../../fakes/acp-agent.ts");

export interface BenchOptions {
  readonly fake?: AcpFakeOptions;
  readonly config?: Partial<AgentConfig>;
  readonly env?: Readonly<Record<string, string>>;
  readonly grant?: AgentParts["grant"];
  readonly system?: Partial<AcpSystem>;
}

/** An ACP agent with a process of the fake behind it, a clock that moves when told, and a folder of its own. */
export class Bench implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly dir = mkdtempSync(join(tmpdir(), "zeroclaw-acp-"));
  readonly agent: Agent;
  readonly logged: string[] = [];
  /** Processes that were started. */
  readonly pids: number[] = [];

  constructor({ fake = {}, config = {}, env = {}, grant = () => null, system = {} }: BenchOptions = {}) {
    const log = new Log({
      clock: this.clock,
      write: (line) => this.logged.push(line),
      format: "human",
      level: "debug",
    });
    const settings: Partial<AgentConfig> = {
      kind: "acp",
      command: [process.execPath, FAKE, JSON.stringify(fake)],
      env: [],
      context_tokens: 1_024,
      ...config,
    };
    const parts: Partial<AgentParts> = {
      clock: this.clock,
      random: { bytes: (length) => new Uint8Array(length).fill(7) },
      log,
      env: { HOME: "/home/nobody", PATH: process.env["PATH"] ?? "", ...env },
      dir: this.dir,
      grant,
    };
    // as: the parts and settings of other agents are missing.
    this.agent = openAcpAgent(settings as AgentConfig, parts as AgentParts, {
      ...systemAcp,
      spawn: (command) => {
        const child = systemAcp.spawn(command);
        this.pids.push(child.pid);
        return child;
      },
      ...system,
    });
  }

  run(text: string, turn: Partial<AgentTurn> = {}, signal = new AbortController().signal): AsyncIterator<AgentEvent> {
    return this.agent.run(turnOf(text, turn), signal)[Symbol.asyncIterator]();
  }

  /** Every event of a turn. */
  async events(text: string, turn: Partial<AgentTurn> = {}): Promise<AgentEvent[]> {
    return Array.fromAsync(this.agent.run(turnOf(text, turn), new AbortController().signal));
  }

  /** What is said in a turn. */
  async say(text: string, turn: Partial<AgentTurn> = {}): Promise<string> {
    return saidIn(await this.events(text, turn));
  }

  /** Moves time until `work` is over: for what waits for processes and for the clock by turns. */
  async elapse<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const mark = () => {
      over = true;
    };
    work.then(mark, mark);
    while (!over) {
      await Bun.sleep(5);
      this.clock.advance(100);
    }
    return work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.elapse(this.agent.stop());
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * What `work` fails with. Not `expect(work).rejects`: that runs the event loop within itself, where Bun 1.4.5 now and then
 * loses sight of a pipe of a child process (5 of 20 runs).
 */
export async function errorOf(work: Promise<unknown>): Promise<unknown> {
  const result = await work.catch((error: unknown) => ({ error }));
  // as: asked in the same breath.
  if (typeof result === "object" && result !== null && "error" in result) return (result as { error: unknown }).error;
  throw new Error("It did not fail");
}

/** What an AgentError says, as a copy: `toMatchObject` of Bun 1.4.5 writes its matchers into the error that it looks at. */
export async function refusalOf(
  work: Promise<unknown>,
): Promise<Pick<AgentError, "message" | "code" | "permanent" | "retryAfter">> {
  const error = await errorOf(work);
  if (!(error instanceof AgentError)) throw error;
  const { message, code, permanent, retryAfter } = error;
  return { message, code, permanent, retryAfter };
}

/** The message of that. */
export async function failure(work: Promise<unknown>): Promise<string> {
  return String(await errorOf(work));
}

export function saidIn(events: readonly AgentEvent[]): string {
  return events.map((event) => (event.type === "delta" ? event.content : "")).join("");
}

export function turnOf(text: string, turn: Partial<AgentTurn> = {}): AgentTurn {
  return {
    run_id: "r1",
    session_id: "main",
    attempt: 1,
    origin: "websocket",
    reach: "owner",
    device_id: "d1",
    text,
    event: null,
    goesBack: false,
    once: false,
    instructions: null,
    history: async () => [],
    tools: async () => null,
    ...turn,
  };
}

/** A conversation's messages, asked and answered by turns. */
export function past(...contents: readonly string[]): AgentTurn["history"] {
  const all = contents.map(
    (content, i): HistoryMessage => ({ role: i % 2 === 0 ? "user" : "assistant", content, at: i }),
  );
  return async (limit) => all.slice(-limit);
}

/** Whether a process is there; one that has ended and was not waited for is not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await Bun.file(`/proc/${pid}/stat`)
    .text()
    .catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

export async function untilGone(...pids: readonly number[]): Promise<void> {
  for (const pid of pids) while (await isAlive(pid)) await Bun.sleep(20);
}
