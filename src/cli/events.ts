import { configDir } from "../config/paths.ts";
import { EVENT_STATES } from "../protocol/event.ts";
import type { Context } from "./command.ts";
import { wholeEventId } from "./event-id.ts";
import { eventText } from "./event-text.ts";
import { EXIT } from "./exit-codes.ts";
import { checkPrefix, shortLength } from "./ids.ts";
import { LocalClient } from "./local-client.ts";
import { readPages } from "./pages.ts";
import { cell, sizeText, timeCell } from "./rows.ts";
import { table } from "./table.ts";
import { timeOption } from "./time-option.ts";

const DOING = "list the events";
const EVENTS = { path: "/api/events", field: "events", doing: DOING };
const USUAL_LIMIT = 20;
const MAX_LIMIT = 10_000;

/** `zeroclaw events list`. */
export async function listEvents(context: Context): Promise<number> {
  const { args, terminal, clock, env } = context;
  const limit = args.wholeNumber("limit", 1, MAX_LIMIT, "a number of events") ?? USUAL_LIMIT;
  const client = new LocalClient(configDir(env), clock);
  const { rows: events, next } = await readPages(client, EVENTS, filter(context), limit);
  if (args.flag("json")) {
    terminal.json({ events, next });
    return EXIT.ok;
  }
  if (events.length === 0) {
    terminal.note("No events match.");
    return EXIT.ok;
  }
  const short = shortLength(events.map((event) => cell(event, "event_id")));
  const rows = events.map((event) => [
    cell(event, "event_id").slice(0, short),
    timeCell(event, "received_at"),
    cell(event, "source"),
    cell(event, "type"),
    cell(event, "state"),
    sizeText(event["size"]),
    cell(event, "error"),
  ]);
  terminal.write(table(terminal, ["ID", "RECEIVED (UTC)", "SOURCE", "TYPE", "STATE", "SIZE", "ERROR"], rows));
  if (next !== null)
    terminal.note(`There are more. For as many as you like: --limit ${Math.min(limit * 5, MAX_LIMIT)}`);
  return EXIT.ok;
}

/** `zeroclaw events show <id>`. */
export async function showEvent({ args, terminal, clock, env }: Context): Promise<number> {
  const client = new LocalClient(configDir(env), clock);
  const doing = "show the event";
  const id = await wholeEventId(client, args.positionals[0] ?? "", doing);
  const event = await client.ask({ path: `/api/events/${id}`, doing });
  if (args.flag("json")) terminal.json(event);
  else terminal.write(eventText(terminal, event));
  return EXIT.ok;
}

function filter(context: Context): URLSearchParams {
  const { args } = context;
  const query = new URLSearchParams();
  const source = args.value("source");
  const words = args.value("query");
  const since = timeOption(context, "since");
  const id = args.value("id");
  const state = args.oneOf("state", EVENT_STATES);
  if (source !== undefined) query.set("source", source);
  if (state !== undefined) query.set("state", state);
  if (words !== undefined) query.set("q", words);
  if (since !== undefined) query.set("since", since);
  if (id !== undefined) {
    checkPrefix(id, DOING, "event");
    query.set("id", id.toLowerCase());
  }
  return query;
}
