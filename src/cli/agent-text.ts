import type { AgentConfig } from "../agent/agents.ts";

/** `model (ollama, llama3.2)`: what the settings under `[agent]` ask for, on one line. */
export function configuredAgent({ kind, provider, base_url, model, command }: AgentConfig): string {
  const named = [provider ?? hostOf(base_url), model].filter((word) => word !== undefined).join(", ");
  const program = (command ?? []).join(" ");
  const what = kind === "model" ? named : kind === "acp" ? program : kind === "auto" ? named || program : "";
  return what === "" ? kind : `${kind} (${what})`;
}

/** Without what may be secret in an address. */
function hostOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : (URL.parse(url)?.host ?? "an address that cannot be read");
}
