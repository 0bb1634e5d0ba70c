import type { EventState, StoredEvent } from "../../protocol/event.ts";
import type { EventFilter, Page } from "../store.ts";
import { cursorOf, positionOf } from "./cursor.ts";
import type { Connection } from "./database.ts";
import { AFTER_ID, BEFORE_ID, firstIdPast, firstIdSince } from "./event-walk.ts";
import { matchAll } from "./search-text.ts";

/** The columns of StoredEvent, of a table called `e`. */
export const EVENT_COLUMNS = `e.event_id, e.source, e.type, e.delivery_id, e.state, e.attempts, e.session_id, e.device_id,
  e.received_at, e.updated_at, e.size, e.content_type, e.error`;

/** Comes after every character that may follow the beginning of an id. */
const LAST_CHARACTER = "\u{10ffff}";

/** The beginning of a UUIDv7 that tells its time to a minute or worse: what matches is a stretch of the whole list. */
const COARSE_ID = /^[0-9a-f]{0,7}$/;

type Params = Record<string, string | number>;

/** A page of events, newest first. Every shape of filter walks an index and stops when the page is full. */
export function listEvents(db: Connection, filter: EventFilter): Page<StoredEvent> {
  const match = filter.q === undefined ? undefined : matchAll(filter.q);
  const params: Params = { limit: filter.limit + 1 };
  const where = conditions(filter, params);
  let sql: string;
  if (match === null) {
    return { items: [], next: null };
  } else if (match !== undefined) {
    params["match"] = match;
    sql = `SELECT e.id, ${EVENT_COLUMNS} FROM event_search s JOIN events e ON e.id = s.rowid
           WHERE s.event_search MATCH $match AND ${where} ORDER BY s.rowid DESC LIMIT $limit`;
  } else {
    const ids = branches(filter).map(
      (from) => `SELECT * FROM (SELECT e.id FROM ${from} AND ${where} ORDER BY e.id DESC LIMIT $limit)`,
    );
    sql = `SELECT e.id, ${EVENT_COLUMNS} FROM events e
           WHERE e.id IN (${ids.join(" UNION ALL ")}) ORDER BY e.id DESC LIMIT $limit`;
  }
  return pageOf(db.allNamed<{ id: number } & StoredEvent>(sql, params), filter.limit);
}

/** Where the ids come from: an index of one state, or of what has ended by source. */
function branches({ state, source, id }: EventFilter): readonly string[] {
  const of = (one: EventState) => `events e INDEXED BY events_${one} WHERE e.state = '${one}'`;
  const ended = "events e INDEXED BY events_ended WHERE e.state IN ('done', 'dead')";
  // This much of an id leaves few events, whatever else is asked for: they are read and sorted.
  if (id !== undefined && !COARSE_ID.test(id)) return ["events e INDEXED BY sqlite_autoindex_events_1 WHERE true"];
  if (state !== undefined && state !== "done") return [of(state)];
  if (source === undefined) return ["events e WHERE true"];
  return state === "done" ? [ended] : [ended, of("received"), of("running"), of("retrying")];
}

/** What a row must fulfil, as SQL; fills in the parameters it names. */
function conditions(filter: EventFilter, params: Params): string {
  const where = ["true"];
  if (filter.source !== undefined) {
    where.push("e.source = $source");
    params["source"] = filter.source;
  }
  if (filter.state !== undefined) {
    where.push("e.state = $state");
    params["state"] = filter.state;
  }
  if (filter.id !== undefined) {
    where.push("e.event_id >= $id AND e.event_id < $id_end");
    params["id"] = filter.id;
    params["id_end"] = filter.id + LAST_CHARACTER;
    if (COARSE_ID.test(filter.id)) {
      where.push(AFTER_ID.replace("?", "$first"), BEFORE_ID.replace("?", "$past"));
      params["first"] = firstIdSince(Number.parseInt(filter.id.padEnd(12, "0"), 16));
      params["past"] = firstIdPast(Number.parseInt(filter.id.padEnd(12, "f"), 16));
    }
  }
  if (filter.after !== undefined) {
    where.push("e.id < $after");
    params["after"] = positionOf("e", 1, filter.after)[0]!;
  }
  if (filter.since !== undefined) {
    where.push("e.received_at >= $since", AFTER_ID.replace("?", "$first_id"));
    params["since"] = filter.since;
    params["first_id"] = firstIdSince(filter.since);
  }
  return where.join(" AND ");
}

function pageOf(rows: readonly ({ id: number } & StoredEvent)[], limit: number): Page<StoredEvent> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ id: _, ...event }) => event),
    next: rows.length > limit && last !== undefined ? cursorOf("e", last.id) : null,
  };
}
