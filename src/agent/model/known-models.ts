import type { Clock } from "../../lib/clock.ts";
import { isObject } from "../../lib/json.ts";
import { nearest } from "../../lib/nearest.ts";
import { readStart } from "./read-body.ts";
import { shown } from "./said.ts";
import type { ModelServer } from "./server.ts";

const TIMEOUT_MS = 3_000;
const MAX_BODY = 1024 * 1024;
const MAX_NAME = 100;
const SHOWN = 5;

/**
 * Up to five names of models that the server has (`GET /models`), the one most like the configured name first. Empty when
 * it does not say: this only makes an error message better.
 */
export async function knownModels(
  server: ModelServer,
  parts: { readonly fetch: typeof fetch; readonly clock: Clock },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const stop = new AbortController();
  const timer = parts.clock.after(TIMEOUT_MS, () => stop.abort());
  try {
    const response = await parts.fetch(`${server.target.base_url}/models`, {
      headers: headersOf(server),
      redirect: "manual",
      signal: AbortSignal.any([signal, stop.signal]),
    });
    if (!response.ok) return [];
    return chosen(namesIn(await readStart(response.body, MAX_BODY)), server);
  } catch {
    return [];
  } finally {
    timer.cancel();
    stop.abort();
  }
}

function headersOf({ target: { wire, api_key } }: ModelServer): Record<string, string> {
  if (api_key === null) return {};
  if (wire === "openai") return { authorization: `Bearer ${api_key}` };
  return { "x-api-key": api_key, "anthropic-version": "2023-06-01" };
}

function namesIn(body: string): readonly string[] {
  const value: unknown = JSON.parse(body);
  const data = isObject(value) && Array.isArray(value["data"]) ? value["data"] : [];
  return data.flatMap((each) => (isObject(each) && typeof each["id"] === "string" ? [each["id"]] : []));
}

function chosen(names: readonly string[], { target, secrets }: ModelServer): readonly string[] {
  // A name that is there exactly is no unknown model: the caller then says something else.
  const first = names.includes(target.model) ? target.model : nearest(target.model, names);
  const others = names.filter((name) => name !== first);
  const list = first === undefined ? others : [first, ...others];
  return list.slice(0, SHOWN).map((name) => shown(name, secrets, MAX_NAME));
}
