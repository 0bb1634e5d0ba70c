import type { AgentTurn, HistoryMessage } from "../agent.ts";
import { cutMiddle, estimateTokens } from "./tokens.ts";

export interface Said {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** Messages read at a time: most conversations are short, and long ones are mostly cut. */
const PAGES = [50, 200, 800, 2_000] as const;
/** What a message costs besides its text: its role and the marks around it. */
const OVERHEAD = 4;
/** The newest message gets at least this much, however little the rest leaves. */
const LEAST = 256;
/** Without it the model would take half an answer for all that it had to say. */
const STOPPED = "\n\n[This answer was stopped here.]";

/**
 * As much of the conversation as fits `budget` tokens (estimated), oldest first, ending with what was just said, which is
 * always there: alone too long, it is cut in its middle. It begins with a user's message, and the roles take turns:
 * several messages in a row of one side become one, because some servers refuse anything else.
 */
export async function windowOf(turn: Pick<AgentTurn, "text" | "history">, budget: number): Promise<readonly Said[]> {
  const newest = { role: "user", content: cutMiddle(turn.text, Math.max(LEAST, budget - OVERHEAD)) } as const;
  const left = budget - costOf(newest);
  const before = left > 0 ? await latest(turn, left) : [];
  return takingTurns([...before, newest]);
}

/** The latest messages that fit, from a user's on. */
async function latest({ history }: Pick<AgentTurn, "history">, budget: number): Promise<readonly Said[]> {
  for (const limit of PAGES) {
    const messages = await history(limit);
    const kept = fitting(messages, budget);
    // All of them fitted and there may be older ones: a larger page is needed.
    if (kept.whole && messages.length >= limit && limit !== PAGES.at(-1)) continue;
    const first = kept.messages.findIndex(({ role }) => role === "user");
    return first < 0 ? [] : kept.messages.slice(first);
  }
  return [];
}

function fitting(messages: readonly HistoryMessage[], budget: number): { messages: readonly Said[]; whole: boolean } {
  const kept: Said[] = [];
  let left = budget;
  for (const { role, content, cut } of messages.toReversed()) {
    if (content.trim() === "") continue; // an empty block is refused by some servers
    const message = { role, content: cut === true ? `${content}${STOPPED}` : content };
    left -= lightestOf(content) > left ? left + 1 : costOf(message);
    if (left < 0) return { messages: kept.reverse(), whole: false };
    kept.push(message);
  }
  return { messages: kept.reverse(), whole: true };
}

function takingTurns(messages: readonly Said[]): readonly Said[] {
  const merged: Said[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (last?.role === message.role) {
      merged[merged.length - 1] = { role: message.role, content: `${last.content}\n\n${message.content}` };
    } else merged.push(message);
  }
  return merged;
}

/** What the messages cost, in tokens. */
export function costOf(...messages: readonly Pick<Said, "content">[]): number {
  return messages.reduce((sum, { content }) => sum + estimateTokens(content) + OVERHEAD, 0);
}

/** No text of this length costs less: what is far too long need not be looked at. */
function lightestOf(content: string): number {
  return content.length / 4;
}
