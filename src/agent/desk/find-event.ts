import type { StoredEvent } from "../../protocol/event.ts";
import type { Desk } from "./desk.ts";

/** What an id, or the beginning of one, stands for. */
export type FoundEvent =
  | { readonly kind: "one"; readonly event_id: string }
  /** More than one begins like that; the first few of them, newest first. */
  | { readonly kind: "many"; readonly events: readonly StoredEvent[] }
  | { readonly kind: "none"; readonly searched: number }
  | { readonly kind: "malformed" };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const BEGINNING = /^[0-9a-f]{4}[0-9a-f-]{0,31}$/;

const PAGE = 500;
/** Beginnings are looked for among this many events; a whole id is always found. */
const MAX_SEARCHED = 50_000;
const SHOWN = 5;
// An event's id is made a moment before or after its time is taken.
const SLACK_MS = 60_000;

/** Finds an event by its id or by 4 or more characters of its beginning. */
export async function findEvent(desk: Desk, typed: string, signal: AbortSignal): Promise<FoundEvent> {
  const wanted = typed.toLowerCase().replace(/^[`"']|[`"']$/g, "");
  if (UUID.test(wanted)) return { kind: "one", event_id: wanted };
  if (!BEGINNING.test(wanted)) return { kind: "malformed" };
  const found: StoredEvent[] = [];
  const since = Math.max(0, earliest(wanted) - SLACK_MS);
  let after: string | null = null;
  let searched = 0;
  do {
    signal.throwIfAborted();
    const page = await desk.events.list({ since, limit: PAGE, ...(after === null ? {} : { after }) });
    found.push(...page.items.filter((event) => event.event_id.startsWith(wanted)));
    searched += page.items.length;
    after = page.next;
  } while (after !== null && found.length <= SHOWN && searched < MAX_SEARCHED);
  const [first] = found;
  if (!first) return { kind: "none", searched };
  return found.length === 1
    ? { kind: "one", event_id: first.event_id }
    : { kind: "many", events: found.slice(0, SHOWN) };
}

/** The first millisecond that an id beginning like this can have been made in: its first 12 digits are the time. */
function earliest(beginning: string): number {
  return Number.parseInt(beginning.replaceAll("-", "").slice(0, 12).padEnd(12, "0"), 16);
}
