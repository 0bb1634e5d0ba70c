import { CommandError } from "./exit-codes.ts";
import type { LocalClient } from "./local-client.ts";
import { printable } from "./printable.ts";
import { type Row, rowsOf } from "./rows.ts";

/** What was said in a conversation before. */
export interface Earlier {
  /** The last exchanges, as lines to be shown. */
  readonly lines: readonly string[];
  /** What the person said, oldest first. */
  readonly questions: readonly string[];
}

const EXCHANGES = 3;
const QUESTIONS = 200;
const PAGE = 100;
/** Of a conversation that is longer nothing is shown: its end is too many requests away. */
const MAX_PAGES = 100;
/** Of one message. */
const MAX_LINES = 6;
const MAX_CHARACTERS = 600;

/** The end of a conversation's history; empty when it is new. */
export async function readEarlier(client: LocalClient, session: string): Promise<Earlier> {
  try {
    return earlierOf(await lastMessages(client, session));
  } catch (error) {
    if (error instanceof CommandError) return { lines: [], questions: [] }; // talking needs no past
    throw error;
  }
}

async function lastMessages(client: LocalClient, session: string): Promise<readonly Row[]> {
  let messages: readonly Row[] = [];
  let after: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after === null ? {} : { after }) });
    const path = `/api/sessions/${encodeURIComponent(session)}?${query}`;
    const answer = await client.ask({ path, doing: "read the conversation" });
    const found = rowsOf(answer["messages"]);
    messages = [...messages, ...found].slice(-2 * QUESTIONS);
    after = found.length > 0 && typeof answer["next"] === "string" ? answer["next"] : null;
    if (after === null) return messages;
  }
  return [];
}

function earlierOf(messages: readonly Row[]): Earlier {
  const said = messages.map(({ role, content }) => ({ mine: role === "user", content: String(content ?? "") }));
  const questions = said.filter(({ mine }) => mine).map(({ content }) => content);
  const starts = said.flatMap(({ mine }, i) => (mine ? [i] : []));
  const from = starts.at(-EXCHANGES) ?? starts[0] ?? Math.max(0, said.length - EXCHANGES);
  const lines = said
    .slice(from)
    .flatMap(({ mine, content }) => shortened(content).map((line) => (mine ? `> ${line}` : line)));
  return { lines, questions };
}

function shortened(content: string): readonly string[] {
  const characters = Array.from(printable(content).trim());
  const cut = characters.slice(0, MAX_CHARACTERS).join("");
  const lines = cut.split("\n");
  const whole = characters.length <= MAX_CHARACTERS && lines.length <= MAX_LINES;
  return whole ? lines : [...lines.slice(0, MAX_LINES), "…"];
}
