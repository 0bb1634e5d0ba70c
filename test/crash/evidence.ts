import { Database } from "bun:sqlite";
import { join } from "node:path";
import type { GatewayClient, Row } from "../support/gateway-client.ts";
import { postedId } from "./deliveries.ts";
import type { Found } from "./verdict.ts";

const PAGE = 200;

/**
 * Waits until nothing is left to do: no event is received, running or retrying, no reply on its way.
 * @throws Error with what is left when it takes longer than `ms`
 */
export async function settle(owner: GatewayClient, ms: number): Promise<void> {
  const deadline = performance.now() + ms;
  for (;;) {
    const busy = await unfinished(owner);
    if (busy.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(`After ${ms / 1_000} s there is still work: ${busy.slice(0, 5).join("; ")} (${busy.length})`);
    await Bun.sleep(100); // another process works: there is no event to wait for
  }
}

async function unfinished(owner: GatewayClient): Promise<readonly string[]> {
  const busy: string[] = [];
  for (const state of ["received", "running", "retrying"]) {
    const { length } = (await owner.get(`/api/events?state=${state}&limit=${PAGE}`)).rows("events");
    if (length > 0) busy.push(`${length} events ${state}`);
  }
  if (busy.length > 0) return busy;
  for (const event of await everyEvent(owner)) {
    for (const reply of repliesOf((await owner.get(`/api/events/${event["event_id"]}`)).json))
      if (!SETTLED.has(reply)) busy.push(`the reply of ${event["event_id"]} is ${reply}`);
  }
  return busy;
}

const SETTLED: ReadonlySet<string> = new Set(["sent", "uncertain", "dead"]);

/** What is stored: rows of the database (opened read-only), each with what the API says of it. */
export async function gather(owner: GatewayClient, dir: string): Promise<readonly Found[]> {
  const listed = new Map((await everyEvent(owner)).map((row) => [String(row["event_id"]), String(row["state"])]));
  const found: Found[] = [];
  for (const row of storedEvents(join(dir, "state.db"))) {
    const { json } = await owner.get(`/api/events/${row.event_id}`);
    found.push({
      event_id: row.event_id,
      id: row.delivery_id ?? postedId(row.body),
      state: row.state,
      listed: listed.get(row.event_id) ?? null,
      completions: row.completions,
      answers: row.answers,
      replies: repliesOf(json),
    });
  }
  return found;
}

interface EventRow {
  readonly event_id: string;
  readonly delivery_id: string | null;
  readonly state: string;
  readonly body: string;
  readonly completions: number;
  readonly answers: number;
}

/** @throws Error when the database is not whole */
function storedEvents(path: string): readonly EventRow[] {
  using db = new Database(path, { readonly: true });
  const check = db.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all();
  const complaints = check.map((row) => row.integrity_check).filter((line) => line !== "ok");
  if (complaints.length > 0) throw new Error(`The database is damaged: ${complaints.slice(0, 5).join("; ")}`);
  return db
    .query<EventRow, []>(
      `SELECT e.event_id, e.delivery_id, e.state, CAST(b.body AS TEXT) AS body,
              (SELECT count(*) FROM event_attempts a WHERE a.event = e.id AND a.outcome = 'done') AS completions,
              (SELECT count(*) FROM runs r WHERE r.event_id = e.event_id AND r.state = 'done') AS answers
       FROM events e JOIN event_bodies b USING (id) ORDER BY e.id`,
    )
    .all();
}

async function everyEvent(owner: GatewayClient): Promise<readonly Row[]> {
  const all: Row[] = [];
  for (let after: unknown = null; ; ) {
    const page = await owner.get(`/api/events?limit=${PAGE}${after === null ? "" : `&after=${after}`}`);
    all.push(...page.rows("events"));
    after = page.json["next"];
    if (typeof after !== "string") return all;
  }
}

function repliesOf(event: Row): readonly string[] {
  const { replies } = event;
  return Array.isArray(replies) ? replies.map((reply) => String(reply.state)) : [];
}
