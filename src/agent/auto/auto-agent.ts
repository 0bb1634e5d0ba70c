import type { Agent } from "../agent.ts";
import type { AgentParts } from "../agent-parts.ts";
import type { AgentConfig, OpenAgent } from "../agents.ts";

/** Whoever is found on this machine: explicit settings, an ACP command, a model server on loopback, else the operator. */
export function openAutoAgent(
  _config: AgentConfig,
  _parts: AgentParts,
  _load: (config: AgentConfig) => Promise<OpenAgent>,
): Agent {
  throw new Error("not yet");
}
