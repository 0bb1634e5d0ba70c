import type { SearchHit } from "../../store/store.ts";
import { relative, shortIds } from "./format.ts";
import { code, marked } from "./untrusted.ts";

const SNIPPET = 240;

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
