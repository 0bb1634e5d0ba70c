import { type AgentConfig, AgentMisconfigured, isModelMeant, requireAgent } from "../agents.ts";
import { targetOf } from "../model/providers.ts";
import { type Check, failed, ok } from "./check.ts";
import { type CheckAcpParts, checkAcp } from "./check-acp.ts";
import { checkModel } from "./check-model.ts";
import { type DetectParts, detect } from "./detect.ts";

export interface CheckupParts extends DetectParts, CheckAcpParts {}

/** Whether the configured agent could answer. Changes nothing; an ACP program is started and ended again. */
export async function checkAgent(parts: CheckupParts, config: AgentConfig): Promise<readonly Check[]> {
  try {
    requireAgent(config);
  } catch (error) {
    if (!(error instanceof AgentMisconfigured)) throw error;
    const { detail, hint } = error.complaint;
    return [failed("settings", detail, hint)];
  }
  const settings = ok("settings", `agent.kind is "${config.kind}", and nothing that it needs is missing`);
  return [settings, ...(await checkKind(parts, config))];
}

async function checkKind(parts: CheckupParts, config: AgentConfig): Promise<readonly Check[]> {
  if (config.kind === "operator") return [];
  if (config.kind === "model" || (config.kind === "auto" && isModelMeant(config))) {
    const target = targetOf(config);
    return "detail" in target ? [] : checkModel(parts, target); // requireAgent() refuses what targetOf() does
  }
  if (config.kind === "acp" || (config.command ?? []).length > 0) return checkAcp(parts, config);
  const { servers } = await detect(parts);
  const server = servers.find(({ chat_model }) => chat_model !== null);
  if (server === undefined) return [ok("detection", "no model server with a model was found: the operator answers")];
  return [ok("detection", `${server.provider} at ${server.base_url} with ${server.chat_model}`)];
}
