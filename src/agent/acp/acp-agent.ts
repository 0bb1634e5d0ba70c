import type { Agent } from "../agent.ts";
import type { AgentParts } from "../agent-parts.ts";
import type { AgentConfig } from "../agents.ts";

/** A program that speaks the Agent Client Protocol over stdio. `config` has been checked by `requireAgent`. */
export function openAcpAgent(_config: AgentConfig, _parts: AgentParts): Agent {
  throw new Error("not yet");
}
