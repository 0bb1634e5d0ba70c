import type { Config } from "../config/settings.ts";
import type { Agent } from "./agent.ts";
import type { AgentParts } from "./agent-parts.ts";
import { type AgentComplaint, targetOf } from "./model/providers.ts";
import type { AgentKind } from "./operator/command.ts";
import { Operator } from "./operator/operator.ts";

export type AgentConfig = Config["agent"];
export type OpenAgent = (config: AgentConfig, parts: AgentParts) => Agent;

interface Entry {
  readonly about: string;
  /** What stands under `[agent]` in config.toml. */
  readonly lines: readonly string[];
  /** What its settings lack; null when it can be opened. */
  readonly complaint: (config: AgentConfig) => AgentComplaint | null;
  /** Loads its code: a gateway with one agent starts without the others'. */
  readonly load: () => Promise<OpenAgent>;
}

/** Every value of `agent.kind` and who answers then. */
const AGENTS: Readonly<Record<AgentConfig["kind"], Entry>> = {
  operator: {
    about: "the built-in operator: no model, no key, no network",
    lines: ['kind = "operator"'],
    complaint: () => null,
    load: async () => (_config, parts) => new Operator({ ...parts, kinds: kinds() }),
  },
  auto: {
    about: "an agent or model server found on this machine, else the operator",
    lines: ['kind = "auto"'],
    complaint: (config) => (isModelMeant(config) ? modelComplaint(config) : null),
    load: async () => {
      const { openAutoAgent } = await import("./auto/auto-agent.ts");
      return (config, parts) => openAutoAgent(config, parts, loadAgent);
    },
  },
  model: {
    about: "a model, through any API of OpenAI's shape or Anthropic's",
    lines: ['kind = "model"', 'provider = "ollama"', 'model = "<name>"'],
    complaint: modelComplaint,
    load: async () => (await import("./model/model-agent.ts")).openModelAgent,
  },
  acp: {
    about: "an agent that speaks the Agent Client Protocol",
    lines: ['kind = "acp"', 'command = ["<program>", "<argument>"]'],
    complaint: acpComplaint,
    load: async () => (await import("./acp/acp-agent.ts")).openAcpAgent,
  },
};

/** `[agent]` names an agent and lacks what it needs: a configuration error, exit code 2. */
export class AgentMisconfigured extends Error {
  override readonly name = "AgentMisconfigured"; // a literal: minified builds rename classes
  readonly complaint: AgentComplaint;

  constructor(complaint: AgentComplaint) {
    super(`Cannot start the agent: ${complaint.detail}. ${complaint.hint}`);
    this.complaint = complaint;
  }
}

/** @throws AgentMisconfigured when a start with these settings would be refused */
export function requireAgent(config: AgentConfig): void {
  const complaint = AGENTS[config.kind].complaint(config);
  if (complaint !== null) throw new AgentMisconfigured(complaint);
}

/** The code of the agent that the configuration asks for. @throws AgentMisconfigured */
export function loadAgent(config: AgentConfig): Promise<OpenAgent> {
  requireAgent(config);
  return AGENTS[config.kind].load();
}

/** With `auto`: whether the settings speak of a model, which then goes before everything that is found. */
export function isModelMeant({ provider, base_url, model }: AgentConfig): boolean {
  return provider !== undefined || base_url !== undefined || model !== undefined;
}

function modelComplaint(config: AgentConfig): AgentComplaint | null {
  const target = targetOf(config);
  return "detail" in target ? target : null;
}

function acpComplaint({ command }: AgentConfig): AgentComplaint | null {
  const [program = "", ...args] = command ?? [];
  // A path may have blanks in it; a name that has, and nothing after it, was meant as a whole line.
  if (args.length === 0 && /^[^/\\]+\s\S/.test(program)) {
    const list = JSON.stringify(program.trim().split(/\s+/));
    return {
      key: "agent.command",
      detail: `agent.command is the one program "${program}", and nothing splits it at its blanks`,
      hint: `Write the program and its arguments as a list: zeroclaw config set agent.command '${list}'`,
    };
  }
  if (program !== "") return null;
  return {
    key: "agent.command",
    detail: 'agent.kind is "acp", but agent.command names no program',
    hint: '`zeroclaw agent detect` shows what is on this machine; for example: zeroclaw config set agent.command \'["opencode", "acp"]\'',
  };
}

function kinds(): readonly AgentKind[] {
  return Object.entries(AGENTS).map(([kind, { about, lines }]) => ({ kind, about, lines }));
}
