import type { Config } from "../config/settings.ts";
import type { Clock } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Log } from "../observe/log.ts";
import { systemGuardedFetch } from "../replies/guarded-fetch.ts";
import { openSenders } from "../replies/senders.ts";
import { ReplyWorker } from "../replies/worker.ts";
import type { Store } from "../store/store.ts";

export interface ReplyServicesParts {
  readonly channels: Config["channels"];
  readonly store: Pick<Store, "replies">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What takes answers back to where their events came from. */
export function openReplies(parts: ReplyServicesParts): ReplyWorker {
  const { channels, store, clock, random, log } = parts;
  const senders = openSenders(channels, { clock, fetch: systemGuardedFetch(clock) });
  return new ReplyWorker({ replies: store.replies, senders, clock, random, log });
}
