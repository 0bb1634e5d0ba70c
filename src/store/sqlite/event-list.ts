import type { EventState, StoredEvent } from "../../protocol/event.ts";
import type { EventFilter, Page } from "../store.ts";
import { cursorOf, positionOf } from "./cursor.ts";
import type { Connection } from "./database.ts";
import { matchAll } from "./search-text.ts";

/** The columns of StoredEvent, of a table called `e`. */
export const EVENT_COLUMNS = `e.event_id, e.source, e.type, e.delivery_id, e.state, e.attempts, e.session_id, e.device_id,
  e.received_at, e.updated_at, e.size, e.content_type, e.error`;

/** Ids are made at most this long before or after `received_at` is taken. */
const ID_SLACK_MS = 60_000;

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
function branches({ state, source }: EventFilter): readonly string[] {
  const of = (one: EventState) => `events e INDEXED BY events_${one} WHERE e.state = '${one}'`;
  const ended = "events e INDEXED BY events_ended WHERE e.state IN ('done', 'dead')";
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
  if (filter.after !== undefined) {
    where.push("e.id < $after");
    params["after"] = positionOf("e", 1, filter.after)[0]!;
  }
  if (filter.since !== undefined) {
    // The ids carry their time, so the index of the ids tells where older events begin, and the walk ends there.
    where.push("e.received_at >= $since");
    where.push("e.id >= (SELECT id FROM events WHERE event_id >= $first_id ORDER BY event_id LIMIT 1)");
    params["since"] = filter.since;
    params["first_id"] = firstIdOf(filter.since - ID_SLACK_MS);
  }
  return where.join(" AND ");
}

/** The lowest UUIDv7 of a millisecond, without its tail (RFC 9562 §5.7). */
function firstIdOf(ms: number): string {
  const hex = Math.max(0, Math.floor(ms)).toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}

function pageOf(rows: readonly ({ id: number } & StoredEvent)[], limit: number): Page<StoredEvent> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ id: _, ...event }) => event),
    next: rows.length > limit && last !== undefined ? cursorOf("e", last.id) : null,
  };
}
