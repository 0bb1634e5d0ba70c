import type { Agent } from "../agent.ts";
import type { AgentParts } from "../agent-parts.ts";
import type { AgentConfig } from "../agents.ts";

/** A model behind an API of OpenAI's shape or Anthropic's. `config` has been checked by `requireAgent`. */
export function openModelAgent(_config: AgentConfig, _parts: AgentParts): Agent {
  throw new Error("not yet");
}
