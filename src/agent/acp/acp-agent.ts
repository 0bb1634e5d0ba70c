import { basename } from "node:path";
import { untilAborted } from "../../lib/abort.ts";
import type { Agent, AgentEvent, AgentTurn } from "../agent.ts";
import type { AgentParts } from "../agent-parts.ts";
import type { AgentConfig } from "../agents.ts";
import { ActivePrompt } from "./active-prompt.ts";
import { isSessionGone } from "./failures.ts";
import { promptOf } from "./prompt.ts";
import { AcpSessions, type Lease } from "./sessions.ts";
import { AcpSupervisor } from "./supervisor.ts";
import { type AcpSystem, systemAcp } from "./system.ts";

/**
 * A program that speaks the Agent Client Protocol, version 1, over stdio. It is started when the first turn comes. `config`
 * has been checked by `requireAgent`.
 */
export function openAcpAgent(config: AgentConfig, parts: AgentParts, system: AcpSystem = systemAcp): Agent {
  return new AcpAgent(config, parts, system);
}

class AcpAgent implements Agent {
  readonly kind = "acp";
  readonly #config: AgentConfig;
  readonly #parts: AgentParts;
  readonly #supervisor: AcpSupervisor;
  readonly #sessions: AcpSessions;
  #model: string;

  constructor(config: AgentConfig, parts: AgentParts, system: AcpSystem) {
    this.#config = config;
    this.#parts = parts;
    this.#supervisor = new AcpSupervisor(config, parts, system);
    this.#sessions = new AcpSessions(parts.grant);
    this.#model = basename(config.command?.[0] ?? "acp");
  }

  /** The agent's own name, once it has told it; its program's until then. */
  get model(): string {
    return this.#model;
  }

  async *run(turn: AgentTurn, signal: AbortSignal): AsyncGenerator<AgentEvent, void, void> {
    for await (const event of this.#answer(turn, signal)) {
      if (event.type === "done") this.#supervisor.succeeded();
      yield event;
    }
  }

  forget(session_id: string): void {
    this.#sessions.forget(session_id);
  }

  stop(): Promise<void> {
    return this.#supervisor.stop();
  }

  async *#answer(turn: AgentTurn, signal: AbortSignal): AsyncGenerator<AgentEvent, void, void> {
    const lease = await this.#sessions.enter(turn, signal);
    let prompt: ActivePrompt | null = null;
    // The conversation is free when the agent is done with it, which is later than a reader that left.
    let settled: Promise<unknown> = Promise.resolve();
    try {
      for (let attempt = 1; ; attempt += 1) {
        const opening = this.#prompt(turn, lease, signal);
        settled = opening.then(
          (opened) => opened.settled,
          () => undefined,
        );
        prompt = await untilAborted(opening, signal);
        let told = false;
        try {
          for await (const event of prompt.events(signal)) {
            told = true;
            yield event;
          }
          return;
        } catch (error) {
          // Some agents forget sessions after a while. What nobody has seen the beginning of may be asked again.
          if (told || attempt > 1 || !isSessionGone(error)) throw error;
          lease.forget();
        }
      }
    } finally {
      prompt?.cancel();
      void settled.then(() => lease.leave());
    }
  }

  /** Sends the turn to the agent. A turn that was given up meanwhile is not sent. */
  async #prompt(turn: AgentTurn, lease: Lease, signal: AbortSignal): Promise<ActivePrompt> {
    const { clock, random } = this.#parts;
    const connection = await this.#supervisor.connect(signal);
    this.#model = connection.name;
    const session = await lease.session(connection);
    const text = await promptOf(turn, session.fresh, {
      random,
      systemPrompt: this.#config.system_prompt,
      contextTokens: this.#config.context_tokens,
    });
    signal.throwIfAborted();
    session.fresh = false;
    return new ActivePrompt({ connection, sessionId: session.id, text, turn, clock });
  }
}
