import type { Inbox } from "../api/parts.ts";
import { InboxWorker } from "../inbox/worker.ts";
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Feed } from "../observe/feed.ts";
import type { Log } from "../observe/log.ts";
import type { EventWithBody } from "../protocol/event.ts";
import { eventRow } from "../protocol/rows.ts";
import { deliver, type EventPlan } from "../runs/deliver.ts";
import type { Runs, Terminal } from "../runs/runs.ts";
import type { Store } from "../store/store.ts";
import { retryAt } from "./prompt.ts";

/** Accepted events per millisecond from which on the worker gives way. */
const RUSH = 1;

export interface InboxParts {
  readonly store: Pick<Store, "events" | "runs">;
  readonly runs: Runs;
  readonly planOf: (event: EventWithBody) => Promise<EventPlan>;
  /** Told of every event that ended, with the milliseconds since it came. */
  readonly onEnded: (event: EventWithBody, ms: number) => void;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly maxConcurrent: number;
}

/** Connects who posts an event with the worker that takes it, and with the end of its run. */
export class GatewayInbox implements Inbox {
  readonly #parts: InboxParts;
  readonly #worker: InboxWorker;
  #accepted = 0;
  #since = 0;
  /** Who waits for the answer of an event. */
  readonly #waiting = new Map<string, (frame: Terminal | null) => void>();
  readonly #delivering = new Set<string>();
  #started = false;
  #stopped = false;

  constructor(parts: InboxParts) {
    this.#parts = parts;
    this.#worker = new InboxWorker({
      events: parts.store.events,
      deliver: (event) => this.#deliver(event),
      maxConcurrent: parts.maxConcurrent,
      busy: () => this.#busy(),
      clock: parts.clock,
      log: parts.log,
    });
  }

  accepted(): void {
    this.#accepted += 1;
    if (this.#started) this.#worker.kick();
  }

  answerOf(event_id: string): Promise<Terminal | null> {
    if (this.#stopped) return Promise.resolve(null);
    return new Promise((resolve) => this.#waiting.set(event_id, resolve));
  }

  /** Hands back what an earlier process had begun, and begins to work. */
  async start(): Promise<void> {
    const { store, clock, log } = this.#parts;
    // Before anything is claimed here: what runs now could not be told from what an earlier process left running.
    const left = await store.events.recover(clock.now());
    if (left > 0) log.info("Events that were cut off are taken up again", { events: left });
    this.#started = true;
    if (!this.#stopped) this.#worker.start();
  }

  /** Takes no more events; those under way go on. Who waits for one of the others need not wait any longer. */
  stop(): void {
    this.#stopped = true;
    this.#worker.stop();
    for (const event_id of [...this.#waiting.keys()]) if (!this.#delivering.has(event_id)) this.#answer(event_id, null);
  }

  idle(): Promise<void> {
    return this.#worker.idle();
  }

  /** Asked before every claim: the rate since the one before. */
  #busy(): boolean {
    const now = this.#parts.clock.monotonic();
    const rate = this.#accepted / Math.max(1, now - this.#since);
    this.#accepted = 0;
    this.#since = now;
    return rate > RUSH;
  }

  async #deliver(event: EventWithBody): Promise<void> {
    const { runs, store, planOf, feed, clock, random, log, onEnded } = this.#parts;
    feed.emit("event", eventRow(event));
    this.#delivering.add(event.event_id);
    let frame: Terminal | null = null;
    try {
      frame = await deliver(
        {
          runs,
          store,
          clock,
          log,
          planOf,
          onSettled: (one, at, failure) => {
            const state = failure === null ? "done" : failure.next_at === null ? "dead" : "retrying";
            feed.emit("event", eventRow({ ...one, state, updated_at: at, error: failure?.error ?? null }));
            if (failure === null) onEnded(one, at - one.received_at);
          },
          retryAt: (one, now) => retryAt(one, now, random),
        },
        event,
      );
      if (frame?.type === "response") onEnded(event, clock.now() - event.received_at);
    } finally {
      this.#delivering.delete(event.event_id);
      this.#answer(event.event_id, frame);
    }
  }

  #answer(event_id: string, frame: Terminal | null): void {
    this.#waiting.get(event_id)?.(frame);
    this.#waiting.delete(event_id);
  }
}
