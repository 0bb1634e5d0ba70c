import type { GatewayClient, Row } from "./gateway-client.ts";
import { eventually } from "./gateway-process.ts";

/** Every event of a source, or of all, newest first. */
export async function eventsOf(owner: GatewayClient, source?: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const filter = source === undefined ? "" : `&source=${source}`;
  for (let after: unknown = ""; after !== null; ) {
    const page = await owner.get(`/api/events?limit=200${filter}&after=${encodeURIComponent(String(after))}`);
    rows.push(...page.rows("events"));
    after = page.json["next"];
  }
  return rows;
}

/** The event itself, once it is in that state. */
export function eventIn(owner: GatewayClient, event_id: string, state = "done"): Promise<Row> {
  return eventually(`event ${event_id} is ${state}`, async () => {
    const event = (await owner.get(`/api/events/${event_id}`)).json;
    return event["state"] === state && event;
  });
}

/** Resolves when nothing in the inbox waits any more, one way or the other. */
export async function settled(owner: GatewayClient): Promise<void> {
  await eventually("nothing waits in the inbox", async () => {
    const { inbox } = (await owner.get("/api/status")).json;
    return Bun.deepEquals(inbox, { received: 0, running: 0, retrying: 0, dead: 0, oldest_pending_at: null });
  });
}

/** What is kept of refused deliveries, newest first. */
export async function refusalsOf(owner: GatewayClient, source: string): Promise<readonly Row[]> {
  return (await owner.get(`/api/refusals?limit=200&source=${source}`)).rows("refusals");
}

/** The recorded outcomes of an event's attempts. */
export function outcomesOf(event: Row): readonly string[] {
  // as: the shape of `attempts_log` (contract §7), and a wrong one fails the test that reads it.
  return (event["attempts_log"] as readonly { outcome: string; detail: string }[]).map(
    ({ outcome, detail }) => `${outcome}: ${detail}`,
  );
}

/** What became of an event's answer; undefined while there is none. */
export function replyOf(event: Row): Row | undefined {
  // as: the shape of `replies` (contract §7), as above.
  return (event["replies"] as readonly Row[])[0];
}
