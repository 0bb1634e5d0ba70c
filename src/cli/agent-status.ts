import { loadConfig } from "../config/load.ts";
import { configDir } from "../config/paths.ts";
import type { Config } from "../config/settings.ts";
import { isObject } from "../lib/json.ts";
import { configuredAgent } from "./agent-text.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { LocalClient } from "./local-client.ts";
import { printableLine } from "./printable.ts";
import { cell, type Row } from "./rows.ts";
import { facts } from "./table.ts";

/** `zeroclaw agent status`: who answers in the running gateway, and whether the last answer failed. */
export async function agentStatus(context: Context): Promise<number> {
  const { args, terminal, clock, env } = context;
  const answer = await new LocalClient(configDir(env), clock).ask({ path: "/api/status", doing: "show the agent" });
  const agent: Row = isObject(answer["agent"]) ? answer["agent"] : {};
  const configured = await configuredNow(context);
  const restart = configured !== null && configured.kind !== "auto" && configured.kind !== cell(agent, "kind");
  if (args.flag("json")) {
    terminal.json({ ...agent, configured: configured?.kind ?? null, restart_needed: restart });
    return EXIT.ok;
  }
  const [kind, model, trouble] = [cell(agent, "kind"), cell(agent, "model"), cell(agent, "trouble")];
  terminal.write(
    facts(terminal, [
      ["kind", kind],
      ...(model === "" || model === kind ? [] : [["model", model] as const]),
      [
        "configured",
        configured === null ? "unknown: zeroclaw config check" : printableLine(configuredAgent(configured)),
      ],
      ["last answer", trouble === "" ? "no failure" : `failed: ${trouble}`],
    ]),
  );
  if (restart) terminal.note("The configuration has changed: restart the gateway to take it over.");
  if (trouble !== "") terminal.note("What stands in the way: zeroclaw agent doctor");
  return EXIT.ok;
}

/** What the next start would take; null when it would be refused. */
async function configuredNow({ env }: Context): Promise<Config["agent"] | null> {
  try {
    return (await loadConfig({ dir: configDir(env), env })).config.agent;
  } catch (error) {
    if (error instanceof Error && error.name === "ConfigError") return null;
    throw error;
  }
}
