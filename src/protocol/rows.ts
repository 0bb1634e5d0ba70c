import { rfc3339 } from "../lib/time.ts";
import type { EventRow, StoredEvent } from "./event.ts";
import type { RefusalRow, StoredRefusal } from "./refusal.ts";
import type { ReplyRow, StoredReply } from "./reply.ts";
import type { RunRow, StoredRun } from "./run.ts";

/** An event as clients see it (contract §7). */
export function eventRow(event: StoredEvent): EventRow {
  return {
    event_id: event.event_id,
    source: event.source,
    type: event.type,
    delivery_id: event.delivery_id,
    state: event.state,
    attempts: event.attempts,
    session_id: event.session_id,
    received_at: rfc3339(event.received_at),
    updated_at: rfc3339(event.updated_at),
    size: event.size,
    ...(event.error === null ? {} : { error: event.error }),
  };
}

/** A run as clients see it (contract §7). */
export function runRow(run: StoredRun): RunRow {
  return {
    run_id: run.run_id,
    session_id: run.session_id,
    ...(run.event_id === null ? {} : { event_id: run.event_id }),
    state: run.state,
    attempt: run.attempt,
    ...(run.response === null ? {} : { response: run.response }),
    ...(run.model === null ? {} : { model: run.model }),
    ...(run.error === null ? {} : { error: run.error }),
    started_at: run.started_at === null ? null : rfc3339(run.started_at),
    ...(run.ended_at === null ? {} : { ended_at: rfc3339(run.ended_at) }),
  };
}

/** A refused delivery as owners see it (contract §7). */
export function refusalRow(refusal: StoredRefusal): RefusalRow {
  const { at, source, reason, detail, fix, client, request_id, size, delivery_id, event } = refusal;
  return {
    at: rfc3339(at),
    source,
    reason,
    detail,
    fix,
    client,
    request_id,
    size,
    ...(delivery_id === null ? {} : { delivery_id }),
    ...(event === null ? {} : { event }),
  };
}

/** An answer on its way back as owners see it. Where exactly it goes is in the event. */
export function replyRow(reply: StoredReply): ReplyRow {
  const { reply_id, target, state, attempts, detail, updated_at } = reply;
  return {
    reply_id,
    to: target.kind,
    state,
    attempts,
    ...(detail === null ? {} : { detail }),
    updated_at: rfc3339(updated_at),
  };
}
