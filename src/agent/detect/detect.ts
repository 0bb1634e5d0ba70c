import { PROVIDERS } from "../model/providers.ts";
import { type FoundProgram, findPrograms, type ProgramParts } from "./find-programs.ts";
import { type FoundServer, findServers, type LockedServer, type ServerParts } from "./find-servers.ts";

export interface DetectParts extends ServerParts, ProgramParts {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A key in the environment, by its name: its value is not looked at. */
export interface FoundKey {
  readonly name: string;
  readonly provider: string;
}

/** What of this machine could answer. */
export interface Detection {
  /** In the order of the providers' table. */
  readonly servers: readonly FoundServer[];
  readonly locked: readonly LockedServer[];
  readonly programs: readonly FoundProgram[];
  readonly keys: readonly FoundKey[];
  /** `OPENAI_BASE_URL` is set: the key may be meant for another server than OpenAI's. */
  readonly openai_base_url: boolean;
}

/** Looks for agents without starting or changing anything; takes 0.3 s at most. Never rejects. */
export async function detect(parts: DetectParts, signal?: AbortSignal): Promise<Detection> {
  const { servers, locked } = await findServers(parts, signal);
  return { servers, locked, programs: findPrograms(parts), ...findKeys(parts.env) };
}

function findKeys(env: DetectParts["env"]): Pick<Detection, "keys" | "openai_base_url"> {
  const isSet = (name: string) => (env[name] ?? "").trim() !== "";
  const keys = PROVIDERS.flatMap(({ name: provider, key: name }) =>
    name !== null && isSet(name) ? [{ name, provider }] : [],
  );
  return { keys, openai_base_url: isSet("OPENAI_BASE_URL") };
}
