import { configDir } from "../config/paths.ts";
import { timeOfId } from "../lib/ids.ts";
import { parseSince, rfc3339 } from "../lib/time.ts";
import { EVENT_STATES } from "../protocol/event.ts";
import type { Context } from "./command.ts";
import { eventText } from "./event-text.ts";
import { EXIT } from "./exit-codes.ts";
import { checkPrefix, resolveId, shortLength } from "./ids.ts";
import { LocalClient } from "./local-client.ts";
import { cell, type Row, rowsOf, sizeText, timeCell } from "./rows.ts";
import { table } from "./table.ts";

const USUAL_LIMIT = 20;
const MAX_LIMIT = 10_000;
const PAGE = 100;
/** How far back the beginning of an id is looked for. */
const SEARCHED = 5_000;

/** `zeroclaw events list`. */
export async function listEvents(context: Context): Promise<number> {
  const { args, terminal, clock, env } = context;
  const limit = args.wholeNumber("limit", 1, MAX_LIMIT, "a number of events") ?? USUAL_LIMIT;
  const client = new LocalClient(configDir(env), clock);
  const page = await pages(client, filter(context), limit, "list the events");
  if (args.flag("json")) {
    terminal.json(page);
    return EXIT.ok;
  }
  if (page.events.length === 0) {
    terminal.note("No events match.");
    return EXIT.ok;
  }
  const short = shortLength(page.events.map((event) => cell(event, "event_id")));
  const rows = page.events.map((event) => [
    cell(event, "event_id").slice(0, short),
    timeCell(event, "received_at"),
    cell(event, "source"),
    cell(event, "type"),
    cell(event, "state"),
    sizeText(event["size"]),
    cell(event, "error"),
  ]);
  terminal.write(table(terminal, ["ID", "RECEIVED (UTC)", "SOURCE", "TYPE", "STATE", "SIZE", "ERROR"], rows));
  if (page.next !== null)
    terminal.note(`There are more. For as many as you like: --limit ${Math.min(limit * 5, MAX_LIMIT)}`);
  return EXIT.ok;
}

/** `zeroclaw events show <id>`. */
export async function showEvent({ args, terminal, clock, env }: Context): Promise<number> {
  const client = new LocalClient(configDir(env), clock);
  const doing = "show the event";
  const id = await wholeId(client, args.positionals[0] ?? "", doing);
  const event = await client.ask({ path: `/api/events/${id}`, doing });
  if (args.flag("json")) terminal.json(event);
  else terminal.write(eventText(terminal, event));
  return EXIT.ok;
}

function filter({ args, clock }: Context): URLSearchParams {
  const query = new URLSearchParams();
  const source = args.value("source");
  const words = args.value("query");
  const since = args.value("since");
  const state = args.oneOf("state", EVENT_STATES);
  if (source !== undefined) query.set("source", source);
  if (state !== undefined) query.set("state", state);
  if (words !== undefined) query.set("q", words);
  if (since !== undefined) {
    const at = parseSince(since, clock.now());
    if (at === null) throw args.wrong("since", "is not a time", "Use 24h, 7d or 2026-11-22T14:05:00Z");
    query.set("since", rfc3339(at));
  }
  return query;
}

interface EventPage {
  readonly events: readonly Row[];
  readonly next: string | null;
}

async function pages(client: LocalClient, query: URLSearchParams, limit: number, doing: string): Promise<EventPage> {
  const events: Row[] = [];
  let next: string | null = null;
  do {
    query.set("limit", String(Math.min(PAGE, limit - events.length)));
    if (next !== null) query.set("after", next);
    const page = await client.ask({ path: `/api/events?${query}`, doing });
    const found = rowsOf(page["events"]);
    events.push(...found);
    // An empty page with a `next` would otherwise be asked for again for ever.
    next = found.length > 0 && typeof page["next"] === "string" ? page["next"] : null;
  } while (next !== null && events.length < limit);
  return { events, next };
}

async function wholeId(client: LocalClient, typed: string, doing: string): Promise<string> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(typed)) return typed.toLowerCase();
  checkPrefix(typed, doing, "event");
  const query = new URLSearchParams();
  // Ids begin with their time, so nothing older than the lowest id with this beginning needs to be looked through.
  const since = timeOfId(`${typed.toLowerCase()}${"00000000-0000-7".slice(typed.length)}`);
  if (since > 0) query.set("since", rfc3339(since - 1));
  const { events } = await pages(client, query, SEARCHED, doing);
  return resolveId(
    typed,
    events.map((event) => cell(event, "event_id")),
    doing,
    "event",
  );
}
