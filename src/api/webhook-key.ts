import { type Answer, JSON_TYPE, json } from "../http/answer.ts";
import { inFlight, mismatch, type RunKey } from "../runs/keyed.ts";
import type { IdempotencyRecord } from "../store/store.ts";
import type { WebhookParts } from "./webhook.ts";
import { acceptedBody } from "./webhook.ts";
import { questionOf } from "./webhook-body.ts";

/**
 * Accepts an event at most once a key. `take` stores the event and the record in one transaction; a key whose first
 * attempt failed is free again.
 * @throws Problem idempotency_in_flight, idempotency_mismatch
 */
export async function withKey(
  parts: WebhookParts,
  key: RunKey,
  event_id: string,
  take: (record: IdempotencyRecord) => Promise<Answer>,
): Promise<Answer> {
  const { keys } = parts;
  if (!keys) throw new Error("Cannot use an idempotency key: idempotency is switched off");
  const state = await keys.begin(key.scope, key.key, key.fingerprint);
  if (state.kind === "mismatch") throw mismatch(key.key);
  if (state.kind === "in_flight") throw inFlight(key.key);
  if (state.kind === "replay") {
    const again = await replay(parts, state.record);
    if (again) return again;
    await keys.release(key.scope, key.key, state.record);
    return withKey(parts, key, event_id, take);
  }
  const record: IdempotencyRecord = {
    ...key,
    run_id: null,
    status: 202,
    body: acceptedBody(event_id),
    created_at: parts.clock.now(),
  };
  try {
    const answer = await take(record);
    keys.complete(record);
    return answer;
  } catch (error) {
    await keys.release(key.scope, key.key).catch(() => undefined); // why it failed is what the sender must hear
    throw error;
  }
}

/** The first answer again. A question that was still open then may have its answer by now; null when it has failed. */
async function replay({ store }: WebhookParts, record: IdempotencyRecord): Promise<Answer | null> {
  const headers = { "Idempotency-Replayed": "true" };
  const { event_id } = JSON.parse(record.body) as { event_id: string }; // we wrote it: see acceptedBody
  const event = await store.events.get(event_id);
  const ended = event?.state === "done" || event?.state === "dead";
  if (event && ended && questionOf(event) !== null) {
    if (event.state === "dead") return null;
    return json({ status: "ok", event_id, response: event.response, model: event.model }, 200, headers);
  }
  return { status: record.status, body: record.body, type: JSON_TYPE, headers };
}
