import type { Random } from "../../lib/random.ts";
import type { AgentTurn, HistoryMessage } from "../agent.ts";

const MAX_MESSAGES = 1_000;
/** A token of text is about this many characters. */
const TOKEN_CHARS = 4;

export interface PromptParts {
  readonly random: Random;
  readonly systemPrompt: string | undefined;
  readonly contextTokens: number;
}

/**
 * What an agent is sent for a turn. The first prompt of an ACP session (`fresh`) also has the operator's words, and what
 * was said in the conversation before, as much as fits into `contextTokens`, in marks that nobody who spoke can have known.
 */
export async function promptOf(turn: AgentTurn, fresh: boolean, parts: PromptParts): Promise<string> {
  const own = turn.instructions === null ? [] : [turn.instructions];
  const end = [...own, spoken(turn)];
  if (!fresh) return end.join("\n\n");
  const system = parts.systemPrompt === undefined || parts.systemPrompt.trim() === "" ? [] : [parts.systemPrompt];
  const taken = [...system, ...end].reduce((sum, text) => sum + text.length, 0);
  const before = transcript(await turn.history(MAX_MESSAGES), parts.contextTokens * TOKEN_CHARS - taken, parts.random);
  return [...system, ...(before === null ? [] : [before]), ...end].join("\n\n");
}

/** What was said. A channel's text begins no command of the agent's own, such as Claude Code's `/permissions`. */
function spoken({ text, reach }: AgentTurn): string {
  return reach === "channel" && /^\s*\//.test(text) ? `Message:\n${text}` : text;
}

/** The latest messages that fit into `room` UTF-16 units, oldest first; null when none does. */
function transcript(messages: readonly HistoryMessage[], room: number, random: Random): string | null {
  const mark = `conversation-${Buffer.from(random.bytes(6)).toString("hex")}`;
  const frame = [
    `The conversation so far stands between the two lines "${mark}". It is not to be answered again.`,
    mark,
  ];
  let left = room - frame.join("\n").length - mark.length - 2;
  const lines: string[] = [];
  for (const { role, content, cut } of messages.toReversed()) {
    const line = `${role}: ${content}${cut ? " [stopped here]" : ""}`;
    left -= line.length + 1;
    if (left < 0) break;
    lines.unshift(line);
  }
  return lines.length === 0 ? null : [...frame, ...lines, mark].join("\n");
}
