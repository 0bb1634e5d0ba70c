import type { Clock } from "../lib/clock.ts";
import type { Log } from "../observe/log.ts";
import type { EventWithBody } from "../protocol/event.ts";
import { Problem } from "../protocol/problem.ts";
import type { Reach } from "../protocol/run.ts";
import { persist } from "../store/persist.ts";
import type { EventFailure, EventStore, RunStore } from "../store/store.ts";
import type { RunHandle, Runs, Terminal } from "./runs.ts";

export interface DeliverParts {
  readonly runs: Runs;
  readonly store: { readonly runs: Pick<RunStore, "ofEvent">; readonly events: Pick<EventStore, "fail" | "complete"> };
  readonly clock: Clock;
  readonly log: Log;
  /** What is to be done with an event whose turn has come. @throws Problem when that cannot be told now */
  readonly planOf: (event: EventWithBody) => Promise<EventPlan>;
  /** Told of an event that ended without a run; `failure`: with that. */
  readonly onSettled: (event: EventWithBody, at: number, failure: EventFailure | null) => void;
  readonly retryAt: (event: EventWithBody, now: number) => number | null;
}

export type EventPlan = EventPrompt | EventStored;

/** An event that nobody answers: `stored` is its recorded outcome. */
export interface EventStored {
  readonly stored: string;
}

export interface EventPrompt {
  /** What the agent is told about the event. */
  readonly text: string;
  /** The session's name if this begins it; absent: the beginning of `text`. */
  readonly title?: string;
  /** What its answer may draw on. */
  readonly reach: Reach;
  /** Whose run, and if it is new whose session, this is. Null: the owners'. */
  readonly device_id: string | null;
}

/**
 * Takes a claimed event through one run; resolves with the frame that ended it, once the event's state is on disk. An
 * event whose run was cut off by a crash goes on with that run. Null: it was only to be stored, or could not be started
 * and was settled as failed.
 */
export async function deliver(parts: DeliverParts, event: EventWithBody): Promise<Terminal | null> {
  const handle = await begin(parts, event);
  return handle ? handle.ended : null;
}

async function begin(parts: DeliverParts, event: EventWithBody): Promise<RunHandle | null> {
  try {
    // The event is claimed, so nobody else will take it: a store that cannot write is waited for.
    const what = { doing: "start the run of an event", id: event.event_id };
    return await persist(parts, what, () => startOrResume(parts, event));
  } catch (error) {
    if (error instanceof Problem && error.code === "shutting_down") throw error; // handed back at the next start
    await settle(parts, event, error);
    return null;
  }
}

/** Null: the event is one that is only stored, and is done. */
async function startOrResume(parts: DeliverParts, event: EventWithBody): Promise<RunHandle | null> {
  const { runs, store, clock, planOf, onSettled } = parts;
  if (event.attempts > 1) {
    const earlier = await store.runs.ofEvent(event.event_id);
    if (earlier && (earlier.state === "queued" || earlier.state === "running")) return runs.resume(earlier, event);
  }
  const plan = await planOf(event);
  if ("stored" in plan) {
    const at = clock.now();
    if (await store.events.complete(event.event_id, event.attempts, at, plan.stored)) onSettled(event, at, null);
    return null;
  }
  const { text, reach, device_id } = plan;
  const title = plan.title === undefined ? {} : { title: plan.title };
  const { session_id } = event;
  return runs.start({ session_id, device_id, origin: "event", reach, text, ...title, event });
}

async function settle(parts: DeliverParts, event: EventWithBody, error: unknown): Promise<void> {
  const { store, clock, retryAt } = parts;
  const at = clock.now();
  const detail = error instanceof Problem ? `${error.code}: ${error.message}` : String(error);
  const failure = { at, error: detail, next_at: retryAt(event, at) };
  const what = { doing: "store an event's failure", id: event.event_id };
  const settled = await persist(parts, what, () => store.events.fail(event.event_id, event.attempts, failure));
  if (settled) parts.onSettled(event, at, failure);
}
