import { checkPrefix, isWholeId, resolveId } from "./ids.ts";
import type { LocalClient } from "./local-client.ts";
import { cell, rowsOf } from "./rows.ts";

/** More are not needed to say that a beginning is too short. */
const CANDIDATES = 20;

/** The one event whose id is, or begins with, what was typed. @throws CommandError */
export async function wholeEventId(client: LocalClient, typed: string, doing: string): Promise<string> {
  if (isWholeId(typed)) return typed.toLowerCase();
  checkPrefix(typed, doing, "event");
  const query = new URLSearchParams({ id: typed.toLowerCase(), limit: String(CANDIDATES) });
  const found = rowsOf((await client.ask({ path: `/api/events?${query}`, doing }))["events"]);
  const ids = found.map((event) => cell(event, "event_id"));
  return resolveId(typed, ids, doing, "event");
}
