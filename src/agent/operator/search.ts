import type { SearchHit } from "../../store/store.ts";
import { ownOnly } from "./asker.ts";
import type { CommandContext } from "./command.ts";
import { isEcho } from "./echo.ts";
import { relative, shortIds } from "./format.ts";
import { code, marked } from "./untrusted.ts";

const PER_KIND = 5;
/** Messages that are looked at for `PER_KIND` that say something themselves. */
const MESSAGES = 20;
const SNIPPET = 240;

type SearchContext = Pick<CommandContext, "desk" | "asker" | "signal">;

/**
 * What has all the words: notes first, then events, then messages, the best of each. Events are the owner's alone; of
 * notes and messages a chat device sees its own.
 */
export async function findHits(context: SearchContext, words: string): Promise<readonly SearchHit[]> {
  const { desk, asker, signal } = context;
  const own = ownOnly(asker);
  const hits = [...(await desk.search.find(words, { ...own, kind: "note" }, PER_KIND))];
  signal.throwIfAborted();
  if (asker.reach === "owner") hits.push(...(await desk.search.find(words, { kind: "event" }, PER_KIND)));
  signal.throwIfAborted();
  return [...hits, ...(await findMessages(context, words))];
}

async function findMessages({ desk, asker, signal }: SearchContext, words: string): Promise<readonly SearchHit[]> {
  const found: SearchHit[] = [];
  for (const hit of await desk.search.find(words, { ...ownOnly(asker), kind: "message" }, MESSAGES)) {
    signal.throwIfAborted();
    if (!isEcho(await desk.runs.get(hit.ref), words)) found.push(hit);
    if (found.length === PER_KIND) break;
  }
  return found;
}

/** Hits as a list that can be cited: kind, id, time, where, and the words in bold. */
export function hitList(hits: readonly SearchHit[], now: number): string {
  const shortOf = new Map<SearchHit["kind"], (id: string) => string>();
  for (const { kind } of hits) {
    if (!shortOf.has(kind)) shortOf.set(kind, shortIds(hits.filter((hit) => hit.kind === kind).map(({ ref }) => ref)));
  }
  const lines = hits.map(({ kind, ref, session_id, at, snippet }, i) => {
    const where = kind === "note" || session_id === null ? "" : `, session ${code(session_id)}`;
    const id = code(shortOf.get(kind)?.(ref) ?? ref);
    return `${i + 1}. ${kind} ${id}, ${relative(at, now)}${where}: ${marked(snippet, SNIPPET)}`;
  });
  return lines.join("\n");
}
