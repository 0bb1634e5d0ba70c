import { isObject } from "../../lib/json.ts";
import { clean } from "../../lib/plain-text.ts";

const MAX_NAME = 200;

/** The names in an answer to `GET /v1/models` of OpenAI's API, or of Anthropic's; null when it is no such answer. */
export function listedModels(json: unknown): readonly string[] | null {
  if (!isObject(json)) return null;
  const { object, data, has_more } = json;
  if (object !== "list" && typeof has_more !== "boolean") return null;
  if (data === null) return []; // what a server in Go says of an empty list
  if (!Array.isArray(data) || !data.every(isModel)) return null;
  return data.map((row) => String(row["id"])).filter(isModelName);
}

/** The names in an answer to Ollama's `GET /api/tags`, chat models first; null when it is no such answer. */
export function ollamaModels(json: unknown): readonly string[] | null {
  if (!isObject(json)) return null;
  const { models } = json;
  if (models === null) return [];
  if (!Array.isArray(models) || !models.every(isTag)) return null;
  const rows = models.filter(({ name }) => isModelName(String(name)));
  const chats = rows.filter((row) => !isEncoder(row));
  return [...chats, ...rows.filter(isEncoder)].map(({ name }) => String(name));
}

/** Ollama's version, from `GET /api/version`; null when it is no such answer. */
export function ollamaVersion(json: unknown): string | null {
  const version = isObject(json) ? json["version"] : null;
  return typeof version === "string" && /^[\w.+-]{1,40}$/.test(version) ? version : null;
}

/** The first that is no model for embeddings, speech or ranking, as far as its name tells. */
export function chatModel(names: readonly string[]): string | null {
  return names.find((name) => !NO_CHAT.test(name)) ?? null;
}

const NO_CHAT = /embed|whisper|rerank|minilm|(^|[^a-z])(tts|bge|gte|e5)([^a-z]|$)/i;

function isModel(row: unknown): row is Record<string, unknown> {
  if (!isObject(row) || typeof row["id"] !== "string") return false;
  return row["object"] === undefined || row["object"] === "model";
}

function isTag(row: unknown): row is Record<string, unknown> {
  return isObject(row) && typeof row["name"] === "string";
}

/** BERT and its kin read text and write none. */
function isEncoder({ details }: Record<string, unknown>): boolean {
  return isObject(details) && typeof details["family"] === "string" && details["family"].includes("bert");
}

/** Whoever listens on the port chose it: it must not be an option of a command line, nor draw on a terminal. */
export function isModelName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_NAME && !/^[-\s]|[\n\t]|\s$/.test(name) && clean(name) === name;
}
