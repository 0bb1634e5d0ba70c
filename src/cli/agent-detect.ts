import { requireAgent } from "../agent/agents.ts";
import { ACP_PROGRAMS } from "../agent/detect/acp-programs.ts";
import { type Detection, detect } from "../agent/detect/detect.ts";
import { type Enabling, enablingKey, enablingProgram, enablingServer, type InFile } from "../agent/detect/enabling.ts";
import { LOOPBACK_SERVERS } from "../agent/detect/find-servers.ts";
import { thisMachine } from "../agent/detect/this-machine.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { configDir, configPath } from "../config/paths.ts";
import { configuredAgent } from "./agent-text.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { printableLine } from "./printable.ts";
import { readRunning } from "./running.ts";
import { section } from "./section.ts";
import { facts } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export type LookAround = (context: Context, ownPort: number) => Promise<Detection>;

/** Models that are shown of one server. */
const SHOWN_MODELS = 20;

/** `zeroclaw agent detect`: who answers now, who could, and the lines that make them. Nothing is changed or started. */
export async function detectAgents(context: Context, look: LookAround = lookAround): Promise<number> {
  const { args, terminal, env } = context;
  const dir = configDir(env);
  const running = await readRunning(dir);
  const [found, loaded] = await Promise.all([look(context, running?.port ?? 0), load(context)]);
  const inFile: InFile = (name) => !("fault" in loaded) && loaded.sources.get(`agent.${name}`) === "file";
  if (args.flag("json")) {
    terminal.json(documentOf(found, loaded, inFile, configPath(dir)));
    return EXIT.ok;
  }
  terminal.write(detectionText(terminal, found, loaded, inFile, configPath(dir)));
  if ("fault" in loaded) terminal.error(loaded.fault);
  terminal.note(
    "A gateway that is running must be restarted to take a change over. Is it set up right? zeroclaw agent doctor",
  );
  return EXIT.ok;
}

function lookAround({ env, clock }: Context, ownPort: number): Promise<Detection> {
  return detect({ ...thisMachine(env), fetch, clock, env, ownPort, servers: LOOPBACK_SERVERS });
}

type Loaded = LoadedConfig | { readonly fault: string };

/** What is on the machine can be shown although the configuration cannot be read. */
async function load({ env }: Context): Promise<Loaded> {
  try {
    return await loadConfig({ dir: configDir(env), env });
  } catch (error) {
    if (error instanceof Error && error.name === "ConfigError") return { fault: error.message };
    throw error;
  }
}

function configuredText(loaded: Loaded): string {
  if ("fault" in loaded) return "unknown: the configuration cannot be read";
  return printableLine(configuredAgent(loaded.config.agent) + (complaintOf(loaded) === null ? "" : " (incomplete)"));
}

function complaintOf(loaded: Loaded): string | null {
  if ("fault" in loaded) return loaded.fault;
  try {
    requireAgent(loaded.config.agent);
    return null;
  } catch (error) {
    if (error instanceof Error && error.name === "AgentMisconfigured") return error.message;
    throw error;
  }
}

function detectionText(terminal: Terminal, found: Detection, loaded: Loaded, inFile: InFile, path: string): string {
  const places = LOOPBACK_SERVERS.map(({ name, base_url }) => `${name} (${new URL(base_url).port})`).join(", ");
  const servers = found.servers.map((server) => {
    const head = `${server.provider} ${server.version ?? ""}`.trim();
    return `${head}, ${server.base_url}\nmodels: ${modelsText(server.models)}\n${howTo(enablingServer(server, inFile))}`;
  });
  const locked = found.locked.map(
    ({ provider, base_url }) => `${base_url}: something that asks for a key, where ${provider} usually is`,
  );
  const programs = found.programs.map(
    (program) => `${program.title}, ${printableLine(program.path)}\n${howTo(enablingProgram(program))}`,
  );
  const keys = found.keys.map((key) => `${key.name}, for ${key.provider}\n${howTo(enablingKey(key, inFile))}`);
  const base =
    'OPENAI_BASE_URL is set: if the key is for that server,\n  zeroclaw config set agent.base_url "$OPENAI_BASE_URL"';
  const all = (texts: readonly string[], none: string) => (texts.length === 0 ? none : texts.join("\n"));
  const complaint = complaintOf(loaded);
  return [
    facts(terminal, [
      ["agent", configuredText(loaded)],
      ["file", printableLine(path)],
      ...(complaint === null || "fault" in loaded ? [] : [["lacks", printableLine(complaint)] as const]),
    ]),
    section(terminal, "Model servers on this machine", all([...servers, ...locked], `none at ${places}`)),
    section(terminal, "Agents that speak ACP, in PATH", all(programs, `none; for example:\n${installs()}`)),
    section(
      terminal,
      "Keys in the environment",
      all([...keys, ...(found.openai_base_url ? [base] : [])], "none of a provider that is known here"),
    ),
  ].join("\n");
}

function modelsText(models: readonly string[]): string {
  const shown = models.slice(0, SHOWN_MODELS).map(printableLine).join(", ");
  const rest = models.length - SHOWN_MODELS;
  if (models.length === 0) return "none yet";
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

function howTo({ commands, toml }: Enabling): string {
  return `${indented(commands.join("\n"))}\nor in config.toml:\n${indented(toml)}`.replace(/^/gm, "  ");
}

function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}

function installs(): string {
  return ACP_PROGRAMS.slice(0, 4)
    .map(({ title, install }) => `  ${title}: ${install}`)
    .join("\n");
}

function documentOf(found: Detection, loaded: Loaded, inFile: InFile, path: string): object {
  const agent = "fault" in loaded ? null : loaded.config.agent;
  return {
    file: path,
    configured: {
      kind: agent?.kind ?? null,
      provider: agent?.provider ?? null,
      model: agent?.model ?? null,
      command: agent?.command ?? null,
      problem: complaintOf(loaded),
    },
    servers: found.servers.map((server) => ({
      provider: server.provider,
      base_url: server.base_url,
      version: server.version,
      models: server.models.slice(0, SHOWN_MODELS),
      model_count: server.models.length,
      enable: enablingServer(server, inFile),
    })),
    locked: found.locked,
    programs: found.programs.map((program) => ({ ...program, enable: enablingProgram(program) })),
    keys: found.keys.map((key) => ({ ...key, enable: enablingKey(key, inFile) })),
    openai_base_url: found.openai_base_url,
  };
}
