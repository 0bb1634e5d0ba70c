import type { AgentParts } from "../../src/agent/agent-parts.ts";
import type { AgentConfig } from "../../src/agent/agents.ts";
import { Log } from "../../src/observe/log.ts";
import { FakeDesk } from "../agent/operator/support/desk.ts";
import { ManualClock } from "./clock.ts";
import { CountingRandom } from "./services.ts";

/** `[agent]` with its defaults. */
export function agentConfig(settings: Partial<AgentConfig> = {}): AgentConfig {
  return {
    kind: "operator",
    provider: undefined,
    base_url: undefined,
    model: undefined,
    api_key: undefined,
    system_prompt: undefined,
    context_tokens: 32_768,
    max_output_tokens: undefined,
    command: undefined,
    cwd: undefined,
    env: [],
    max_concurrent: 4,
    timeout_seconds: 600,
    ...settings,
  };
}

/** What agents are made of, of a gateway in no folder that nobody has asked anything. */
export function agentParts(parts: Partial<AgentParts> = {}): AgentParts {
  const clock = parts.clock ?? new ManualClock();
  return {
    desk: new FakeDesk(),
    summarize: () => "a summary",
    clock,
    random: new CountingRandom(),
    log: new Log({ clock, write: () => {}, format: "json", level: "error" }),
    env: {},
    dir: "/nonexistent",
    fetch,
    grant: () => null,
    ownPort: () => 0,
    ...parts,
  };
}
