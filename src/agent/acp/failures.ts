import { isObject } from "../../lib/json.ts";
import { clean, cut } from "../../lib/plain-text.ts";
import { AgentError } from "../agent.ts";
import type { Exit } from "./child.ts";
import { label } from "./updates.ts";

const MAX_WORDS = 300;
/** ACP: authentication required. The Rust ZeroClaw: no such session. */
const AUTH_REQUIRED = -32_000;
/** ACP: no such resource. The Rust ZeroClaw: busy. */
const NOT_FOUND = -32_002;

/** Who the agent is, for messages about it. */
export interface Named {
  readonly name: string;
  readonly argv: readonly string[];
  /** `authMethods` of its answer to `initialize`. */
  readonly authMethods: readonly unknown[];
}

/** Whether the agent does not know the session that it was asked to go on with. Numbers alone do not tell. */
export function isSessionGone(error: unknown): boolean {
  const { code, message } = errorOf(error instanceof AgentError ? error.cause : error);
  if (/busy/i.test(message)) return false;
  return (
    code === NOT_FOUND ||
    /session\b.*\b(?:not found|unknown|expired|does not exist)|(?:unknown|no such) session/i.test(message)
  );
}

/** What whoever asked is told of an agent's error response. Failures that are told well enough already stay as they are. */
export function failureOf(error: unknown, agent: Named): AgentError {
  if (error instanceof AgentError) return error;
  const { code, message } = errorOf(error);
  if (code === AUTH_REQUIRED && (agent.authMethods.length > 0 || /auth|log ?in|credential|api key/i.test(message))) {
    return new AgentError(loginHint(agent), { permanent: true, cause: error });
  }
  const said = message === "" ? ", and no reason." : `: ${message}`;
  return new AgentError(`The agent "${agent.name}" answered with an error${said}`, { cause: error });
}

/** Why a process that ended by itself cannot answer. */
export function crashOf(name: string, { code, signal }: Exit, lastLine: string | null): AgentError {
  const how = signal === null ? `exit code ${code}` : signal;
  const words = lastLine === null ? "" : ` It said: "${cut(lastLine, MAX_WORDS)}"`;
  return new AgentError(`The process of the agent "${name}" ended (${how}) before its answer did.${words}`);
}

export function wrongVersion(name: string, found: unknown): AgentError {
  return new AgentError(
    `The agent "${name}" speaks version ${label(String(found)) || "?"} of the Agent Client Protocol, and this gateway version 1. Install a version of the agent that speaks version 1.`,
    { permanent: true },
  );
}

/** In the agent's own words: every agent has a way of its own. */
function loginHint({ name, argv, authMethods }: Named): string {
  const ways = authMethods.filter(isObject).flatMap((method) => {
    const about = [label(method["name"]) || label(method["id"]), label(method["description"])].filter(
      (part) => part !== "",
    );
    const args = Array.isArray(method["args"]) && method["type"] === "terminal" ? method["args"].map(label) : [];
    const command = args.length === 0 ? [] : [`run: ${[...argv, ...args].join(" ")}`];
    const way = [...about, ...command].join(": ");
    return way === "" ? [] : [way];
  });
  const how = ways.length === 0 ? "" : ` It offers: ${ways.slice(0, 5).join("; ")}.`;
  return `The agent "${name}" wants you to log in first.${how} Log in with its own program, as the user that runs this gateway, then ask again.`;
}

/** An error response's number and words; some agents put the words that matter into `data`. */
function errorOf(error: unknown): { readonly code: number | null; readonly message: string } {
  if (!isObject(error)) return { code: null, message: wordsOf(String(error)) };
  const { code, message, data } = error;
  const details = isObject(data) ? [data["details"], data["message"]].find((part) => typeof part === "string") : data;
  const parts = [message, details]
    .filter((part) => typeof part === "string" && part.trim() !== "")
    .map((part) => wordsOf(String(part)));
  return { code: typeof code === "number" ? code : null, message: [...new Set(parts)].join(": ") };
}

function wordsOf(text: string): string {
  return cut(
    clean(text.slice(0, 4 * MAX_WORDS))
      .replace(/\s+/g, " ")
      .trim(),
    MAX_WORDS,
  );
}
