import type { AgentConfig } from "../agents.ts";
import type { Detection } from "../detect/detect.ts";

/** Who is to answer. Two with the same `name` are the same. */
export interface Choice {
  /** `ollama llama3.2:latest`, for the log. */
  readonly name: string;
  readonly config: AgentConfig;
  /** Named by the settings: what is found makes no difference to it. */
  readonly settled: boolean;
}

/** What the settings name; null when they leave it open. */
export function choiceOf(config: AgentConfig, isModelMeant: (config: AgentConfig) => boolean): Choice | null {
  const { provider, base_url, model, command } = config;
  if (isModelMeant(config)) {
    return { name: [provider ?? base_url ?? "", model].join(" "), config: { ...config, kind: "model" }, settled: true };
  }
  if (command === undefined || command.length === 0) return null;
  return { name: command[0] ?? "", config: { ...config, kind: "acp" }, settled: true };
}

/**
 * The first model server with a model to talk to; the model that was chosen before, if it is still there. Else the operator:
 * programs act with their owner's accounts and keys cost money, so neither is used because it is there.
 */
export function choiceAmong({ servers }: Detection, config: AgentConfig, before: AgentConfig | null): Choice {
  for (const { provider, models, chat_model } of servers) {
    const known = provider === before?.provider && models.includes(before.model ?? "");
    const model = known ? before.model : chat_model;
    if (model === null || model === undefined) continue;
    // Without an address and a key: those would have been meant for another server.
    const found: AgentConfig = { ...config, kind: "model", provider, model, base_url: undefined, api_key: undefined };
    return { name: `${provider} ${model}`, config: found, settled: false };
  }
  return operatorChoice(config);
}

export function operatorChoice(config: AgentConfig): Choice {
  return { name: "operator", config: { ...config, kind: "operator" }, settled: false };
}
