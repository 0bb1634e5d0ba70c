import { isObject } from "../../lib/json.ts";
import { nearest } from "../../lib/nearest.ts";
import type { ModelTarget } from "../model/providers.ts";
import { type ModelServer, serverOf } from "../model/server.ts";
import { type Answered, type AskParts, askJson } from "./ask-json.ts";
import { type Check, failed, ok, unknown } from "./check.ts";
import { isModelName } from "./model-names.ts";

const TIMEOUT_MS = 10_000;
/** The longest lists of models have half a megabyte. */
const MAX_BYTES = 8 * 1024 * 1024;
const SHOWN_MODELS = 5;

/** Whether the server answers, takes the key and has the model. Asks for its list of models, which costs nothing. */
export async function checkModel(parts: AskParts, target: ModelTarget): Promise<readonly Check[]> {
  const server = serverOf(target);
  const path = target.wire === "anthropic" ? "/models?limit=1000" : "/models";
  const ask = (path: string, key: string | null) =>
    askJson(parts, `${target.base_url}${path}`, {
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      headers: headersOf(target.wire, key),
    });
  const answer = await ask(path, target.api_key);
  const refused = refusalOf(server, answer);
  if (refused !== null) return refused;
  const names = answer.reached ? namesIn(answer.json) : null;
  const at = `${server.shown} answers`;
  if (names === null) {
    return [failed("server", `${at}, but not with a list of models`, "Is agent.base_url right? Most end in /v1.")];
  }
  return [
    ok("server", at),
    ...(target.api_key === null ? [] : [keyCheck(await ask(path, null))]),
    await modelCheck(target, names, (path) => ask(path, target.api_key)),
  ];
}

function headersOf(wire: ModelTarget["wire"], key: string | null): Readonly<Record<string, string>> {
  if (wire === "openai") return key === null ? {} : { Authorization: `Bearer ${key}` };
  return { "anthropic-version": "2023-06-01", ...(key === null ? {} : { "x-api-key": key }) };
}

/** What else is told instead of a list; null when there may be one. */
function refusalOf(server: ModelServer, answer: Answered): readonly Check[] | null {
  const { shown, target, loopback } = server;
  if (!answer.reached) {
    const hint = loopback ? "Start the server, or correct agent.base_url." : "Check agent.base_url and the network.";
    return [failed("server", `${shown} cannot be reached: ${answer.why}`, hint)];
  }
  const { status } = answer;
  if (status === 401 || status === 403) {
    const what = target.api_key === null ? `it wants a key (${status})` : `the key was refused (${status})`;
    const hint = `Set it: zeroclaw config set agent.api_key env:${server.keyVariable ?? "<NAME>"}`;
    return [ok("server", `${shown} answers`), failed("key", what, hint)];
  }
  if (status === 200) return null;
  if (status >= 300 && status < 400) {
    const hint = "Redirects are not followed, because the key would go along. Set agent.base_url to its new address.";
    return [failed("server", `${shown} answers ${status}: it has moved`, hint)];
  }
  if (status === 404 || status === 405 || status === 501) {
    const why = `${shown} answers, but has no list of models (${status})`;
    return [unknown("server", why, "Is agent.base_url right? Most end in /v1."), unknown("model", "not checked")];
  }
  return [failed("server", `${shown} answers ${status}`, "Look into the server's log, or try again later.")];
}

/** `without`: the answer to the same question without a key. */
function keyCheck(without: Answered): Check {
  return without.reached && without.status === 200
    ? unknown("key", "not checked: the server lists its models without one")
    : ok("key", "accepted");
}

async function modelCheck(
  { model, provider, wire }: ModelTarget,
  names: readonly string[],
  ask: (path: string) => Promise<Answered>,
): Promise<Check> {
  const known = [model, `models/${model}`, ...(provider === "ollama" ? [`${model}:latest`] : [])];
  if (names.some((name) => known.includes(name))) return ok("model", `the server has "${model}"`);
  // Some answer to names that they do not list.
  const path = wire === "anthropic" ? encodeURIComponent(model) : model.split("/").map(encodeURIComponent).join("/");
  const alone = await ask(`/models/${path}`);
  if (alone.reached && alone.status === 200 && isObject(alone.json) && "id" in alone.json) {
    return ok("model", `the server knows "${model}"`);
  }
  const close = nearest(model, names);
  const list = [...(close === undefined ? [] : [close]), ...names.filter((name) => name !== close)];
  const has = names.length === 0 ? "It has none." : `It has ${list.slice(0, SHOWN_MODELS).join(", ")}${more(names)}.`;
  return failed("model", `the server has no "${model}". ${has}`, "Choose one: zeroclaw config set agent.model <name>");
}

function more(names: readonly string[]): string {
  const rest = names.length - SHOWN_MODELS;
  return rest > 0 ? ` and ${rest} more` : "";
}

/** More shapes than detection takes, because somebody has named this server: OpenRouter's has no `object`, others send a bare list. */
function namesIn(json: unknown): readonly string[] | null {
  const rows = isObject(json) ? (json["data"] ?? (json["object"] === "list" ? [] : null)) : json;
  if (!Array.isArray(rows)) return null;
  const ids = rows.map((row) => (isObject(row) ? row["id"] : undefined));
  if (rows.length > 0 && !ids.some((id) => typeof id === "string")) return null;
  return ids.filter((id) => typeof id === "string").filter(isModelName);
}
