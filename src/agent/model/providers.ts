/** Who serves models, by the name that `agent.provider` takes. */
export interface Provider {
  readonly name: string;
  /** Whose wire it speaks. */
  readonly wire: "openai" | "anthropic";
  readonly base_url: string;
  /** The environment variable in which people keep its key; null: it needs none. */
  readonly key: string | null;
}

/** Loopback servers first; each is at its own default address. Any other server of OpenAI's shape is named by `agent.base_url` alone. */
export const PROVIDERS = [
  { name: "ollama", wire: "openai", base_url: "http://127.0.0.1:11434/v1", key: null },
  { name: "lmstudio", wire: "openai", base_url: "http://127.0.0.1:1234/v1", key: null },
  { name: "llamacpp", wire: "openai", base_url: "http://127.0.0.1:8080/v1", key: null },
  { name: "vllm", wire: "openai", base_url: "http://127.0.0.1:8000/v1", key: null },
  { name: "jan", wire: "openai", base_url: "http://127.0.0.1:1337/v1", key: null },
  { name: "openai", wire: "openai", base_url: "https://api.openai.com/v1", key: "OPENAI_API_KEY" },
  { name: "anthropic", wire: "anthropic", base_url: "https://api.anthropic.com/v1", key: "ANTHROPIC_API_KEY" },
  { name: "openrouter", wire: "openai", base_url: "https://openrouter.ai/api/v1", key: "OPENROUTER_API_KEY" },
  { name: "groq", wire: "openai", base_url: "https://api.groq.com/openai/v1", key: "GROQ_API_KEY" },
  {
    name: "gemini",
    wire: "openai",
    base_url: "https://generativelanguage.googleapis.com/v1beta/openai",
    key: "GEMINI_API_KEY",
  },
] as const satisfies readonly Provider[];

export function providerNamed(name: string): Provider | null {
  return PROVIDERS.find((provider) => provider.name === name) ?? null;
}

/** Where a model is and how it is spoken to. */
export interface ModelTarget {
  /** The provider's name; `custom` for a server that only `base_url` names. */
  readonly provider: string;
  readonly wire: Provider["wire"];
  /** Without a slash at its end. */
  readonly base_url: string;
  readonly model: string;
  readonly api_key: string | null;
}

export interface ModelSettings {
  readonly provider?: string | undefined;
  readonly base_url?: string | undefined;
  readonly model?: string | undefined;
  readonly api_key?: string | undefined;
}

/** What is missing or cannot be used, and what to write instead. */
export interface AgentComplaint {
  /** `agent.model` */
  readonly key: string;
  /** A sentence without its full stop. */
  readonly detail: string;
  readonly hint: string;
}

/** Where the configured model is, or what its settings lack. A key in the environment is never used unless `agent.api_key` names it. */
export function targetOf(settings: ModelSettings): ModelTarget | AgentComplaint {
  const { provider: name, base_url, model, api_key } = settings;
  const provider = name === undefined ? null : providerNamed(name);
  if (name !== undefined && provider === null && base_url === undefined) {
    const known = PROVIDERS.map((each) => each.name).join(", ");
    return {
      key: "agent.provider",
      detail: `agent.provider is "${name}", which is none of ${known}`,
      hint: "Name one of them, or give the server's address as agent.base_url.",
    };
  }
  if (provider === null && base_url === undefined) {
    return {
      key: "agent.provider",
      detail: 'agent.kind is "model", but neither agent.provider nor agent.base_url says where the model is',
      hint: "`zeroclaw agent detect` shows what is on this machine, and the lines that enable it.",
    };
  }
  if (model === undefined || model === "") {
    return {
      key: "agent.model",
      detail: 'agent.kind is "model", but agent.model names no model',
      hint: "Set it to a name that the server knows: zeroclaw config set agent.model <name>",
    };
  }
  if (provider !== null && provider.key !== null && base_url === undefined && api_key === undefined) {
    return {
      key: "agent.api_key",
      detail: `agent.provider is "${provider.name}", which needs a key, and agent.api_key is not set`,
      hint: `Name the variable that holds it: zeroclaw config set agent.api_key env:${provider.key}`,
    };
  }
  return {
    provider: provider?.name ?? name ?? "custom",
    wire: provider?.wire ?? "openai",
    base_url: (base_url ?? provider?.base_url ?? "").replace(/\/+$/, ""),
    model,
    api_key: api_key ?? null,
  };
}
