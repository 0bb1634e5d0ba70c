import type { SearchHit } from "../../store/store.ts";
import { ownOnly } from "./asker.ts";
import type { AtDesk } from "./at-desk.ts";
import { isEcho } from "./echo.ts";

/** In the order in which they are shown. */
const HIT_KINDS = ["note", "event", "message"] as const satisfies readonly SearchHit["kind"][];

const PER_KIND = 5;
/** Messages that are looked at for each that says something itself. */
const MESSAGES = 4;

interface HitLimits {
  /** @default all of them */
  readonly kinds?: readonly SearchHit["kind"][];
  /** @default 5 */
  readonly perKind?: number;
}

/**
 * What has all the words: notes first, then events, then messages, the best of each. Events are the owner's alone; of
 * notes and messages a chat device sees its own.
 */
export async function findHits(
  { desk, asker, signal }: AtDesk & { readonly signal: AbortSignal },
  words: string,
  { kinds = HIT_KINDS, perKind = PER_KIND }: HitLimits = {},
): Promise<readonly SearchHit[]> {
  const hits: SearchHit[] = [];
  for (const kind of HIT_KINDS) {
    if (!kinds.includes(kind) || (kind === "event" && asker.reach !== "owner")) continue;
    signal.throwIfAborted();
    const found = await desk.search.find(
      words,
      { ...ownOnly(asker), kind },
      kind === "message" ? perKind * MESSAGES : perKind,
    );
    hits.push(...(kind === "message" ? await withoutEchoes(desk, found, words, perKind, signal) : found));
  }
  return hits;
}

async function withoutEchoes(
  desk: AtDesk["desk"],
  found: readonly SearchHit[],
  words: string,
  limit: number,
  signal: AbortSignal,
): Promise<readonly SearchHit[]> {
  const telling: SearchHit[] = [];
  for (const hit of found) {
    signal.throwIfAborted();
    if (!isEcho(await desk.runs.get(hit.ref), words)) telling.push(hit);
    if (telling.length === limit) break;
  }
  return telling;
}
