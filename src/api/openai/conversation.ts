import type { HistoryMessage } from "../../agent/agent.ts";
import { badField, named } from "./fields.ts";

/** More is no conversation, and a model's context is full long before. */
export const MAX_MESSAGES = 2_000;

/** One message of a request. `system`: how to answer. `tool`: what a tool of the client's was told or told back. */
export interface Said {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
}

/** What is asked, and what was said before it. */
export interface Question {
  readonly text: string;
  readonly history: readonly HistoryMessage[];
  readonly instructions: string | null;
}

/**
 * The last message is the question, those before it the history; what is empty is left out. `param`: the list's name.
 * `now`: milliseconds since the epoch, for messages that carry no time.
 * @throws OpenAiProblem when the last message is not the user's, or says nothing
 */
export function questionOf(said: readonly Said[], param: string, now: number): Question {
  const last = said.at(-1);
  if (last?.role !== "user") {
    const found = last === undefined ? "the list is empty" : `found one of "${last.role}"`;
    throw badField(param, `The last of ${named(param)} must be the user's: it is what the agent answers (${found}).`);
  }
  if (last.content.trim() === "") throw badField(param, `The last of ${named(param)} is empty: say something.`);
  const instructions: string[] = [];
  const history: HistoryMessage[] = [];
  for (const { role, content } of said.slice(0, -1)) {
    if (content.trim() === "") continue;
    if (role === "system") instructions.push(content);
    else history.push({ role: role === "assistant" ? "assistant" : "user", content, at: now });
  }
  return { text: last.content, history, instructions: instructions.length === 0 ? null : instructions.join("\n\n") };
}

/** @throws OpenAiProblem */
export function requireFew(list: readonly unknown[], param: string): void {
  if (list.length <= MAX_MESSAGES) return;
  throw badField(
    param,
    `${named(param)} has ${list.length} entries, and at most ${MAX_MESSAGES} are taken. Leave out the oldest, or name a session of the gateway's in X-Zeroclaw-Session, which keeps the history itself.`,
  );
}
