import { isObject } from "../../lib/json.ts";
import { AgentError } from "../agent.ts";
import { Refusal } from "./refusal.ts";
import { saidBy, saidIn, shown } from "./said.ts";
import type { ModelServer } from "./server.ts";

const CONTEXT =
  /context[ _-]?(?:length|size|window)|maximum context|prompt is too long|too many (?:input )?tokens|input is too long|reduce the length|request too large|maximum prompt length|maximum number of tokens|context overflow/i;
const KEY = /api[ _-]?key|unauthori[sz]ed|authentication/i;
const MODEL = /\bmodel\b/i;
const UNKNOWN = /not[ _]found|does not exist|unknown|not a valid|invalid model|no such|not supported|unsupported/i;
const BUSY = /overloaded|rate.?limit|too many requests|capacity|try again later|unavailable/i;

/** When one of many answers may be over. */
const FULL_S = 5;

/** Whether the server knows no model of that name. */
export function isUnknownModel({ status, said }: Refusal): boolean {
  if (CONTEXT.test(said)) return false;
  return status === 404 || (status === 400 && MODEL.test(said) && UNKNOWN.test(said) && !/\btools?\b/i.test(said));
}

/** Whether the server cannot read as much as it was sent. */
export function isTooLong({ status, said }: Refusal): boolean {
  return status === 413 || ((status === 400 || status >= 500) && CONTEXT.test(said));
}

/** Some servers begin to answer, and say only then that they cannot read as much; null when it is anything else. */
export function tooLongIn({ secrets }: ModelServer, error: unknown): Refusal | null {
  const data = dataOf(error);
  if (typeof data !== "string" && !isTold(data)) return null;
  const said = saidInStream(data, secrets);
  return CONTEXT.test(said) ? new Refusal(413, said) : null;
}

/** A refusal as whoever asked should read it. `models` are names that the server does have, for an unknown one. */
export function refused(server: ModelServer, refusal: Refusal, models: readonly string[] = []): AgentError {
  const { status, said, retryAfter } = refusal;
  const told = said === "" ? "" : ` It said: "${said}"`;
  if (status === 401 || status === 403 || (status === 400 && KEY.test(said))) return wrongKey(server, status, told);
  if (isTooLong(refusal)) return tooLong(server, told);
  if (isUnknownModel(refusal)) return unknownModel(server, status, told, models);
  const answered = `The model at ${server.shown} answered ${status}.${told}`;
  if (status >= 300 && status < 400) {
    return new AgentError(
      `The model at ${server.shown} answered ${status}: it is at "${said}" now. Redirects are not followed, because the key would go along. Set agent.base_url to its new address.`,
    );
  }
  if (status === 402) return new AgentError(`${answered} The account behind agent.api_key has nothing left to spend.`);
  if (status === 429 || status === 503 || status === 529) {
    const when = retryAfter === undefined ? "" : ` Try again in ${retryAfter} s.`;
    return new AgentError(`${answered}${when}`, { code: "agent_unavailable", ...again(retryAfter) });
  }
  return new AgentError(answered, again(retryAfter));
}

/** No connection, or one that ended before it answered. */
export function unreachable(server: ModelServer, error: unknown): AgentError {
  const { provider } = server.target;
  const running = server.loopback ? ` Is ${provider === "custom" ? "the server" : provider} running?` : "";
  const { why, hint = running } = reasonOf(error, server);
  return new AgentError(`Cannot reach the model at ${server.shown}: ${why}.${hint}`, { code: "agent_unavailable" });
}

/** More turns than have room at once. */
export function fullHouse({ shown: at }: ModelServer, turns: number): AgentError {
  return new AgentError(`The model at ${at} is answering ${turns} questions already. Ask again in ${FULL_S} s.`, {
    code: "agent_unavailable",
    retryAfter: FULL_S,
  });
}

export function brokenOff(server: ModelServer, error?: unknown): AgentError {
  const { why } = error === undefined ? { why: "the server ended it" } : reasonOf(error, server);
  return new AgentError(`The answer of the model at ${server.shown} broke off in the middle: ${why}. Ask again.`);
}

export function silent(server: ModelServer, ms: number, begun: boolean): AgentError {
  const what = begun ? "stopped in the middle of its answer and said nothing more" : "did not begin to answer";
  const hint = begun ? "" : " It may still be loading, or have more to read than it can.";
  return new AgentError(`The model at ${server.shown} ${what} for ${ms / 1_000} s.${hint}`);
}

/** 200, and nothing that a model says. */
export function notAnAnswer(server: ModelServer, said: string, page: boolean): AgentError {
  const what = page ? "a web page" : "JSON in place of a stream";
  return new AgentError(
    `The server at ${server.shown} answered with ${what}: "${said}". Is agent.base_url the address of a model's API? Most end in /v1.`,
  );
}

/** What the SDK throws or reports in the middle of a stream. */
export function failedStream(server: ModelServer, error: unknown): AgentError {
  const name = error instanceof Error ? error.name : "";
  if (/without a finish (?:reason|chunk)/.test(String(error))) return brokenOff(server);
  const data = dataOf(error);
  if (!isTold(data) && (name === "AI_JSONParseError" || name === "AI_TypeValidationError"))
    return malformed(server, error);
  const said = saidInStream(data, server.secrets);
  const options = BUSY.test(said) ? ({ code: "agent_unavailable" } as const) : {};
  return new AgentError(`The model at ${server.shown} failed while it answered. It said: "${said}"`, options);
}

/** It ended as it should, and there is nothing to show. */
export function noAnswer(server: ModelServer, finish: string, steps: number): AgentError {
  const who = `The model "${shown(server.target.model, [], 100)}" at ${server.shown}`;
  if (finish === "content-filter") {
    return new AgentError(`${who} did not answer: its provider's content filter stopped it. Ask in other words.`, {
      permanent: true,
    });
  }
  if (finish === "length") {
    return new AgentError(`${who} used up its room before it had said anything. Raise agent.max_output_tokens.`);
  }
  if (finish === "tool-calls") {
    return new AgentError(`${who} asked for tools ${steps} times in a row and gave no answer. Ask for less at once.`);
  }
  return new AgentError(`${who} gave an empty answer. Ask again; if that does not help, another model may.`);
}

function wrongKey({ shown: at, keyVariable, target }: ModelServer, status: number, told: string): AgentError {
  const what = target.api_key === null ? "wants a key" : "refused the key";
  const set = `zeroclaw config set agent.api_key env:${keyVariable ?? "<NAME>"}`;
  return new AgentError(`The model at ${at} ${what} (${status}).${told} Set agent.api_key: ${set}`, {
    permanent: true,
  });
}

function tooLong({ shown: at }: ModelServer, told: string): AgentError {
  return new AgentError(
    `The conversation is too long for the model at ${at}.${told} Lower agent.context_tokens to what the model can read.`,
    { permanent: true },
  );
}

function unknownModel(server: ModelServer, status: number, told: string, models: readonly string[]): AgentError {
  const { shown: at, target } = server;
  const name = shown(target.model, [], 100);
  if (models.includes(target.model) || (models.length === 0 && !MODEL.test(told))) {
    const where = `The model at ${at} answered ${status}.${told}`;
    return new AgentError(`${where} Is agent.base_url right? Most end in /v1.`, { permanent: true });
  }
  const has = models.length === 0 ? "" : ` It has: ${models.join(", ")}.`;
  const set = "zeroclaw config set agent.model <name>";
  return new AgentError(`The server at ${at} has no model "${name}".${told}${has} Choose another: ${set}`, {
    permanent: true,
  });
}

function reasonOf(error: unknown, { secrets }: ModelServer): { readonly why: string; readonly hint?: string } {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ECONNREFUSED":
    case "ConnectionRefused":
      return { why: "connection refused" };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { why: "its name cannot be found", hint: " Check agent.base_url and this machine's network." };
    case "ECONNRESET":
    case "ConnectionClosed":
      return { why: "the connection was closed" };
    default: {
      const text = error instanceof Error ? error.message : String(error);
      return { why: shown(text, secrets, 200).replace(/[.\s]+$/, "") || "no reason given" };
    }
  }
}

function malformed({ shown: at, secrets }: ModelServer, error: unknown): AgentError {
  const found = isObject(error) ? (error["text"] ?? error["value"]) : null;
  const text = typeof found === "string" ? shown(found, secrets) : saidBy(found, secrets);
  return new AgentError(
    `The model at ${at} sent something that is no part of an answer: "${text}". Is agent.base_url right?`,
  );
}

/** An object in which the server says what is wrong. */
function isTold(data: unknown): boolean {
  return isObject(data) && ("error" in data || "message" in data) && !(data instanceof Error);
}

function saidInStream(data: unknown, secrets: readonly string[]): string {
  return typeof data === "string" ? saidIn(data, secrets) : saidBy(data, secrets);
}

/** The server's own object, out of what the SDK made of it. */
function dataOf(error: unknown): unknown {
  if (!isObject(error)) return error;
  // Some servers' errors have a shape that the SDK does not know: they come as a value that failed its check.
  return error["responseBody"] ?? error["data"] ?? error["value"] ?? error;
}

function again(retryAfter: number | undefined): { readonly retryAfter?: number } {
  return retryAfter === undefined ? {} : { retryAfter };
}
