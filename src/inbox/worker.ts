import { type Clock, sleep } from "../lib/clock.ts";
import { WorkLoop } from "../lib/work-loop.ts";
import type { Log } from "../observe/log.ts";
import type { EventWithBody } from "../protocol/event.ts";
import type { EventStore } from "../store/store.ts";

/** How long the worker gives way to a rush at the door before it takes its next events all the same. */
const GIVE_WAY_MS = 25;

export interface WorkerParts {
  readonly events: Pick<EventStore, "claim">;
  /** Hands one event to the agent and settles its state; resolves when that is on disk. */
  readonly deliver: (event: EventWithBody) => Promise<void>;
  readonly maxConcurrent: number;
  /** True while so much comes in that accepting it goes before working it off. */
  readonly busy: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Hands accepted events to the agent: oldest first, one of each conversation at a time, `maxConcurrent` in all. */
export class InboxWorker extends WorkLoop<EventWithBody> {
  constructor({ events, deliver, maxConcurrent, busy, clock, log }: WorkerParts) {
    super({
      maxConcurrent,
      clock,
      claim: async (room) => {
        if (busy()) await sleep(clock, GIVE_WAY_MS);
        const free = room();
        return free <= 0 ? [] : events.claim(free, clock.now());
      },
      // The store is full or locked: the events stay where they are and are looked for again.
      claimFailed: (error) => log.error("Cannot claim events", { error: String(error) }),
      work: async (event) => {
        try {
          await deliver(event);
        } catch (error) {
          const { event_id } = event;
          log.error("Cannot settle an event; it is handed back at the next start", { event_id, error: String(error) });
        }
      },
    });
  }
}
