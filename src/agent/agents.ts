import type { Config } from "../config/settings.ts";
import { VERSION } from "../lib/version.ts";
import type { Agent } from "./agent.ts";
import { Operator, type OperatorParts } from "./operator/operator.ts";

type AgentConfig = Config["agent"];

export type AgentParts = Omit<OperatorParts, "kinds">;

interface Entry {
  readonly about: string;
  /** What stands under `[agent]` in config.toml. */
  readonly lines: readonly string[];
  /** Null: this version has no such agent. */
  readonly open: ((config: AgentConfig, parts: AgentParts) => Agent) | null;
}

/** Every value of `agent.kind` and who answers then. */
const AGENTS: Readonly<Record<AgentConfig["kind"], Entry>> = {
  operator: {
    about: "the built-in operator: no model, no key, no network",
    lines: ['kind = "operator"'],
    open: (_config, parts) => new Operator({ ...parts, kinds: kinds() }),
  },
  auto: {
    about: "an agent or model server found on this machine, else the operator",
    lines: ['kind = "auto"'],
    open: null,
  },
  model: {
    about: "a model, through any API of OpenAI's shape",
    lines: ['kind = "model"', 'base_url = "http://127.0.0.1:11434/v1"', 'model = "<name>"', 'api_key = "env:<NAME>"'],
    open: null,
  },
  acp: {
    about: "an agent that speaks the Agent Client Protocol",
    lines: ['kind = "acp"', 'command = ["<program>", "<argument>"]'],
    open: null,
  },
};

/** The configuration names an agent that this version does not have: a configuration error, exit code 2. */
export class AgentUnavailable extends Error {
  override readonly name = "AgentUnavailable";
  readonly key = "agent.kind";
  readonly found: string;

  constructor(found: string) {
    const known = kinds()
      .filter(({ available }) => available)
      .map(({ kind }) => `"${kind}"`);
    super(
      `Cannot start the agent: agent.kind is "${found}", and zeroclaw ${VERSION} has only ${known.join(", ")}. ` +
        "Run `zeroclaw config set agent.kind operator`, or remove the line from config.toml.",
    );
    this.found = found;
  }
}

/** The agent that the configuration asks for. @throws AgentUnavailable */
export function openAgent(config: AgentConfig, parts: AgentParts): Agent {
  return requireAgent(config)(config, parts);
}

/** What opens it. @throws AgentUnavailable */
export function requireAgent(config: AgentConfig): NonNullable<Entry["open"]> {
  const { open } = AGENTS[config.kind];
  if (!open) throw new AgentUnavailable(config.kind);
  return open;
}

function kinds(): OperatorParts["kinds"] {
  return Object.entries(AGENTS).map(([kind, { about, lines, open }]) => ({
    kind,
    about,
    lines,
    available: open !== null,
  }));
}
