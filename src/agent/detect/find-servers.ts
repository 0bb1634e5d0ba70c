import { PROVIDERS, type Provider } from "../model/providers.ts";
import { type AskParts, askJson } from "./ask-json.ts";
import { chatModel, listedModels, ollamaModels, ollamaVersion } from "./model-names.ts";

/** Where a model server is looked for. */
export type ServerPlace = Pick<Provider, "name" | "base_url">;

/** The places on this machine at which model servers listen unless they are told otherwise. */
export const LOOPBACK_SERVERS: readonly ServerPlace[] = PROVIDERS.filter(({ key }) => key === null);

export interface FoundServer {
  readonly provider: string;
  readonly base_url: string;
  /** Null when it does not say. */
  readonly version: string | null;
  /** All that it lists. */
  readonly models: readonly string[];
  /** The first one for conversations; null when there is none. */
  readonly chat_model: string | null;
}

/** Something at a model server's port that asks for a key before it says what it is. */
export type LockedServer = Pick<FoundServer, "provider" | "base_url">;

export interface ServerParts extends AskParts {
  /** The gateway's own port, which is none of a model server; 0 when there is none. */
  readonly ownPort: number;
  readonly servers: readonly ServerPlace[];
}

const PROBE_MS = 300;
const MAX_BYTES = 262_144;
const LOCKED = "locked";

/** Asks every place at once. Only the right answer makes a model server: the ports are popular. */
export async function findServers(
  parts: ServerParts,
  signal?: AbortSignal,
): Promise<{ readonly servers: readonly FoundServer[]; readonly locked: readonly LockedServer[] }> {
  const places = parts.servers.filter(({ base_url }) => portOf(base_url) !== parts.ownPort);
  const found = await Promise.all(places.map((place) => probe(parts, place, signal)));
  return {
    servers: found.filter((one) => one !== null && one !== LOCKED).map(({ server }) => server),
    locked: places
      .filter((_, i) => found[i] === LOCKED)
      .map(({ name: provider, base_url }) => ({ provider, base_url })),
  };
}

async function probe(
  parts: ServerParts,
  { name: provider, base_url }: ServerPlace,
  signal?: AbortSignal,
): Promise<{ readonly server: FoundServer } | typeof LOCKED | null> {
  const ask = async (url: string) => {
    const answer = await askJson(parts, url, { timeoutMs: PROBE_MS, maxBytes: MAX_BYTES, direct: true, signal });
    return answer.reached ? answer : { status: 0, json: undefined };
  };
  if (provider === "ollama") {
    const [version, tags] = await Promise.all(
      ["/api/version", "/api/tags"].map((path) => ask(new URL(path, base_url).href)),
    );
    const models = tags?.status === 200 ? ollamaModels(tags.json) : null;
    const says = version?.status === 200 ? ollamaVersion(version.json) : null;
    return models === null || says === null ? null : found(provider, base_url, says, models);
  }
  const { status, json } = await ask(`${base_url}/models`);
  if (status === 401 || status === 403) return LOCKED;
  const models = status === 200 ? listedModels(json) : null;
  return models === null ? null : found(provider, base_url, null, models);
}

function found(provider: string, base_url: string, version: string | null, models: readonly string[]) {
  return { server: { provider, base_url, version, models, chat_model: chatModel(models) } };
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
