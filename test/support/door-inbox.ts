import type { Row } from "./gateway-client.ts";
import { eventually } from "./gateway-process.ts";
import { replyOf } from "./inbox.ts";
import type { Door, DoorClient } from "./services.ts";

/** The event once `is` holds. Time moves by a millisecond between two looks: far less than anything waits for. */
export function eventOnce(
  door: Door,
  owner: DoorClient,
  event_id: string,
  what: string,
  is: (event: Row) => boolean,
): Promise<Row> {
  return eventually(`event ${event_id}: ${what}`, async () => {
    door.clock.advance(1);
    const event = (await owner.get(`/api/events/${event_id}`)).json;
    return is(event) && event;
  });
}

export function eventIs(door: Door, owner: DoorClient, event_id: string, state: string, attempts = 1): Promise<Row> {
  const is = (event: Row) => event["state"] === state && event["attempts"] === attempts;
  return eventOnce(door, owner, event_id, `${state} after ${attempts} attempts`, is);
}

/** What became of the event's answer, once it is in that state after that many attempts. */
export async function replyIs(
  door: Door,
  owner: DoorClient,
  event_id: string,
  state: string,
  attempts = 1,
): Promise<Row> {
  const is = (event: Row) => replyOf(event)?.["state"] === state && replyOf(event)?.["attempts"] === attempts;
  const event = await eventOnce(door, owner, event_id, `its answer is ${state} after ${attempts} attempts`, is);
  return replyOf(event) ?? {};
}
