import type { LanguageModel } from "ai";
import type { ModelTarget } from "./providers.ts";

/** What is used of the AI SDK. */
export interface Sdk {
  readonly streamText: typeof import("ai").streamText;
  readonly isStepCount: typeof import("ai").isStepCount;
  readonly tool: typeof import("ai").tool;
  readonly jsonSchema: typeof import("ai").jsonSchema;
  /** The target's model, reached through `fetch`. */
  model(target: ModelTarget, fetch: typeof globalThis.fetch, wantsUsage: boolean): LanguageModel;
}

/** Loads the SDK with the one provider that `wire` needs: 20 ms, when the first question comes. */
export async function loadSdk(wire: ModelTarget["wire"]): Promise<Sdk> {
  // Its advice is for developers; it would stand between the lines of the log.
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });
  const [{ streamText, isStepCount, tool, jsonSchema }, model] = await Promise.all([
    import("ai"),
    wire === "anthropic" ? anthropic() : openai(),
  ]);
  return { streamText, isStepCount, tool, jsonSchema, model };
}

async function anthropic(): Promise<Sdk["model"]> {
  const { createAnthropic } = await import("@ai-sdk/anthropic");
  return ({ base_url, api_key, model }, fetch) =>
    // An empty key, because without one it would take that of the environment.
    createAnthropic({ baseURL: base_url, apiKey: api_key ?? "", fetch })(model);
}

async function openai(): Promise<Sdk["model"]> {
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  return ({ provider, base_url, api_key, model }, fetch, includeUsage) =>
    createOpenAICompatible({
      name: provider,
      baseURL: base_url,
      fetch,
      includeUsage,
      ...(api_key === null ? {} : { apiKey: api_key }),
      ...(provider === "openai" ? { transformRequestBody: withNewName } : {}),
    })(model);
}

/** OpenAI's own reasoning models refuse `max_tokens`; other servers know no other name. */
function withNewName({ max_tokens, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return max_tokens === undefined ? rest : { ...rest, max_completion_tokens: max_tokens };
}
